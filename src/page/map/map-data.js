import { STATES } from '../text/states.js';
import { span } from '../text/time.js';
import { visible } from '../text/visible.js';

/** @import { AddressState, Guest, MapAddress } from '../types.d.ts' */

/**
 * How the map is shown.
 *
 * @typedef {object} Shown
 * @property {'state' | 'node'} paint
 * @property {AddressState | ''} state Only these are not faded.
 * @property {string} node
 * @property {string} search
 */

/** @param {MapAddress} address */
export function isLeased({ state }) {
  return STATES[state].counts === 'leased';
}

/**
 * Whether it is faded, because it is not what is looked for.
 *
 * @param {MapAddress} address
 * @param {Shown} shown
 */
export function isFaded(address, { paint, state, node, search }) {
  if (paint === 'state' && state !== '' && address.state !== state) return true;
  if (paint === 'node' && node !== '' && !(isLeased(address) && address.node === node)) return true;
  return !isFound(address, search);
}

/**
 * @param {MapAddress} each
 * @param {string} search
 */
function isFound({ address, hostname, mac, vps_id: vpsId, reservation_id: id }, search) {
  const text = search.trim().toLowerCase();
  if (text === '') return true;
  return [address, hostname, mac, vpsId, id].some((value) => value?.toLowerCase().includes(text));
}

/**
 * All that is known of an address, for somebody who does not see the map.
 *
 * @param {MapAddress} cell
 * @param {readonly string[]} warnings
 * @param {number} now
 * @param {number} place Of its node, where the cell says that; 0: it says its number.
 */
export function describe(cell, warnings, now, place) {
  const { address, state, hostname, vps_id: vpsId, reservation_id: id, node, expires } = cell;
  const parts = [address, STATES[state].name.toLowerCase()];
  if (hostname !== null) parts.push(visible(hostname));
  if (vpsId !== null && vpsId !== id) parts.push(visible(vpsId));
  if (id !== null) parts.push(`${cell.retired_until === null ? 'reserved as' : 'kept for'} ${visible(id)}`);
  if (node !== null) parts.push(`granted by ${place > 0 ? `n${place}, ` : ''}${node}`);
  const left = timeLeft(expires, now);
  if (left !== undefined)
    parts.push(
      state === 'quarantined' || state === 'conflict' ? `in quarantine for ${left}` : `ends in ${left}`,
    );
  for (const warning of warnings) parts.push(`warning: ${warning}`);
  return parts.join(', ');
}

/**
 * @param {string | null} expires
 * @param {number} now
 */
export function timeLeft(expires, now) {
  if (expires === null || expires === 'never') return undefined;
  return span(Date.parse(expires) - now);
}

/**
 * The titles of warnings, by the address of their guest.
 *
 * @param {readonly Guest[]} guests
 * @returns {ReadonlyMap<string, readonly string[]>}
 */
export function warningsByAddress(guests) {
  return new Map(guests.map(({ address, warnings }) => [address, warnings.map(({ title }) => title)]));
}

/**
 * The nodes that have granted something, in order; a place of 1 to 3 has a colour and a shape of its own.
 *
 * @param {readonly MapAddress[]} addresses
 * @returns {string[]}
 */
export function nodesOf(addresses) {
  const names = new Set(addresses.filter(isLeased).flatMap(({ node }) => (node === null ? [] : [node])));
  return [...names].sort((one, other) => one.localeCompare(other, 'en', { numeric: true }));
}
