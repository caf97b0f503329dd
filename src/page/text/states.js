/** @import { AddressState, Guest } from '../types.d.ts' */

/**
 * How the page names a state. `cell` is what it looks like, `letter` what a browser with forced colours shows, `counts` how the
 * pool counts it.
 *
 * @typedef {object} StateWords
 * @property {string} name
 * @property {string} cell
 * @property {string} letter
 * @property {'leased' | 'held' | 'out' | 'free' | 'none'} counts
 * @property {string} say
 */

/** In the order of the legend. @type {Readonly<Record<AddressState, StateWords>>} */
export const STATES = {
  leased: {
    name: 'Leased',
    cell: 'leased',
    letter: 'L',
    counts: 'leased',
    say: 'A guest has this address until its lease ends.',
  },
  'reserved-in-use': {
    name: 'Reserved, in use',
    cell: 'reserved',
    letter: 'R',
    counts: 'leased',
    say: 'Reserved for a guest, and leased now.',
  },
  'reserved-idle': {
    name: 'Reserved, idle',
    cell: 'pinned',
    letter: 'r',
    counts: 'held',
    say: 'Reserved for a guest that does not have it now. No other guest gets it.',
  },
  retired: {
    name: 'Reserved before',
    cell: 'pinned',
    letter: 'b',
    counts: 'held',
    say: 'Its reservation was removed. For a day it is kept for the same id; no other guest gets it.',
  },
  offered: {
    name: 'Offered',
    cell: 'offered',
    letter: 'o',
    counts: 'held',
    say: 'Offered to a guest that has not requested it yet.',
  },
  quarantined: {
    name: 'Quarantined',
    cell: 'quarantined',
    letter: 'Q',
    counts: 'out',
    say: 'No guest gets it for a while.',
  },
  conflict: {
    name: 'Conflict',
    cell: 'conflict',
    letter: '!',
    counts: 'out',
    say: 'A machine without a lease answers ARP here. No guest gets this address.',
  },
  'free-quiet': {
    name: 'Free, quiet',
    cell: 'quiet',
    letter: '',
    counts: 'free',
    say: 'ARP has asked lately, and nobody answered. It can be offered at once.',
  },
  free: {
    name: 'Free, not asked',
    cell: 'unasked',
    letter: '?',
    counts: 'free',
    say: 'Before a guest gets it, ARP asks whether it is in use. Of several gateways, only the one that goes first for it asks ahead of need.',
  },
  peer: {
    name: 'Another gateway’s',
    cell: 'peer',
    letter: 'P',
    counts: 'leased',
    say: 'Granted by a gateway that shares no leases with this one.',
  },
  gateway: {
    name: 'Gateway',
    cell: 'gateway',
    letter: 'G',
    counts: 'none',
    say: 'Listen address of a node. Never given to a guest.',
  },
  'gateway-unused': {
    name: 'Gateway, unused',
    cell: 'slot',
    letter: 'g',
    counts: 'none',
    say: 'Kept for the gateway of another node.',
  },
  router: {
    name: 'Router',
    cell: 'router',
    letter: 'X',
    counts: 'none',
    say: 'Default gateway of all guests. Never given to a guest.',
  },
  'outside-pool': {
    name: 'Reserved range',
    cell: 'kept',
    letter: 'k',
    counts: 'none',
    say: 'Outside the pool: only a reservation gives it to a guest.',
  },
  kept: {
    name: 'Not usable',
    cell: 'edge',
    letter: '',
    counts: 'none',
    say: 'Never given to a guest: the network’s own, or excluded by the settings.',
  },
};

export const STATE_NAMES = /** @type {readonly AddressState[]} */ (Object.keys(STATES));

/**
 * What a row of the list of guests is called: its state as the map has it.
 *
 * @typedef {{ name: string, cell: string }} RowState
 * @param {Pick<Guest, 'state' | 'reservation_id' | 'warnings'>} guest
 * @returns {RowState}
 */
export function stateOfGuest({ state, reservation_id: reserved, warnings }) {
  switch (state) {
    case 'bound':
      return reserved === null || warnings.some(({ id }) => id === 'not-at-its-address')
        ? STATES.leased
        : STATES['reserved-in-use'];
    case 'peer':
      return STATES.peer;
    case 'declined':
      return STATES.quarantined;
    case 'reserved-idle':
      return STATES['reserved-idle'];
    case 'expired':
      return { name: 'Ended', cell: 'quiet' };
    default:
      return { name: 'Free', cell: 'quiet' };
  }
}
