/** @import { Guest, MapAddress } from '../types.d.ts' */

/**
 * What an action is about.
 *
 * @typedef {object} Subject
 * @property {string} address
 * @property {boolean} isLeased
 * @property {string | null} hostname
 * @property {string | null} mac
 * @property {string | null} vps
 * @property {string | null} reservation The id of its reservation.
 */

/**
 * @param {MapAddress} cell
 * @returns {Subject}
 */
export function subjectOfCell({
  address,
  state,
  hostname,
  mac,
  vps_id: vps,
  reservation_id: id,
  retired_until: retired,
}) {
  return {
    address,
    isLeased: state === 'leased' || state === 'reserved-in-use',
    hostname,
    mac,
    // The id of a removed reservation is the only one for which the address can be reserved now.
    vps: retired === null ? vps : id,
    reservation: retired === null ? id : null,
  };
}

/**
 * @param {Guest} guest
 * @returns {Subject}
 */
export function subjectOfGuest({ address, state, hostname, mac, vps_id: vps, reservation_id: reservation }) {
  return { address, isLeased: state === 'bound', hostname, mac, vps, reservation };
}
