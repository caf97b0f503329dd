import { summary } from '../api/connection.js';
import { askByArp, openQuarantine, openRestore } from './quarantine.js';
import { openRelease } from './release.js';
import { openEditReservation, openReserve } from './reserve.js';
import { subjectOfCell, subjectOfGuest } from './subject.js';
import { openUnreserve } from './unreserve.js';

/** @import { Guest, MapAddress, Reservation } from '../types.d.ts' */

/** @typedef {{ title: string, run: () => void, isBad?: boolean, key?: string }} Action */

/**
 * Where what cannot be ordered here is ordered: at the gateway that has granted the lease, as far as it is known.
 *
 * @param {Pick<MapAddress, 'node'>} lease Of a gateway that shares no leases with this one.
 */
export function granterText({ node }) {
  return node === null || node === summary.value.info?.node ? 'the gateway that has granted it' : node;
}

/**
 * What can be done with an address of the map.
 *
 * @param {MapAddress} cell
 * @param {Reservation | undefined} reservation
 * @returns {Action[]}
 */
export function actionsFor(cell, reservation) {
  const subject = {
    ...subjectOfCell(cell),
    ...(reservation !== undefined && {
      hostname: cell.hostname ?? reservation.hostname ?? null,
      mac: cell.mac ?? reservation.mac?.[0] ?? null,
      vps: cell.vps_id ?? reservation.vps_id,
    }),
  };
  const reserve = { title: 'Reserve…', run: () => openReserve(subject) };
  const edit = { title: 'Edit reservation…', run: () => void openEditReservation(subject) };
  const remove = { title: 'Remove reservation…', run: () => openUnreserve(subject) };
  const release = { title: 'Release…', run: () => openRelease([subject]) };
  const quarantine = { title: 'Quarantine…', run: () => openQuarantine([subject]) };
  const restore = { title: 'Put back into use…', run: () => openRestore(subject) };
  const arp = { title: 'Ask by ARP', run: () => void askByArp(subject) };
  switch (cell.state) {
    case 'leased':
      return [reserve, release, quarantine, arp];
    case 'reserved-in-use':
      return [edit, remove, release, arp];
    case 'retired':
      return [reserve, quarantine, arp];
    case 'reserved-idle':
      return [edit, remove, quarantine, arp];
    case 'quarantined':
      return [restore, arp];
    case 'conflict':
      return [arp, restore, reserve];
    case 'free':
    case 'free-quiet':
      return [reserve, quarantine, arp];
    case 'outside-pool':
      return [reserve, arp];
    case 'peer':
      return subject.reservation === null ? [reserve, arp] : [edit, remove, arp];
    case 'offered':
    case 'router':
    case 'gateway-unused':
      return [arp];
    default:
      return [];
  }
}

/**
 * What can be done with a row of the list.
 *
 * @param {Guest} guest
 * @returns {Action[]}
 */
export function actionsForGuest(guest) {
  const subject = subjectOfGuest(guest);
  const { state, reservation_id: reservation } = guest;
  const first =
    reservation === null
      ? { title: 'Reserve…', key: 'e', run: () => openReserve(subject) }
      : { title: 'Edit reservation…', key: 'e', run: () => void openEditReservation(subject) };
  const quarantine = { title: 'Quarantine…', run: () => openQuarantine([subject]) };
  const remove = { title: 'Remove reservation…', isBad: true, run: () => openUnreserve(subject) };
  if (state === 'peer') return reservation === null ? [first] : [first, remove];
  if (state === 'declined') return [{ title: 'Put back into use…', run: () => openRestore(subject) }];
  if (state === 'reserved-idle') return [first, quarantine, remove];
  if (state !== 'bound') return [first, quarantine];
  const release = { title: 'Release…', isBad: true, run: () => openRelease([subject]) };
  return [first, quarantine, ...(reservation === null ? [] : [remove]), release];
}
