import { goneGateways, presentGateways } from './other-gateways.js';

/** @import { Info } from '../types.d.ts' */

/**
 * False: the leases are shared, and this gateway does not reach etcd, so it does not know which others are alive.
 *
 * @param {Pick<Info, 'sharing' | 'can_promise'>} info
 */
export function knowsOthers({ sharing, can_promise: canPromise }) {
  return sharing === null || canPromise;
}

/**
 * How many gateways there are, this one too: `3`, or `2 of 3` where one is gone. It is the same count as the map's of their
 * addresses.
 *
 * @param {Info | undefined} info
 */
export function gatewayCount(info) {
  if (info === undefined || !knowsOthers(info)) return '–';
  const alive = 1 + presentGateways(info).length + info.cluster.length;
  const gone = goneGateways(info).length + (info.sharing?.gone ?? []).length;
  return gone === 0 ? String(alive) : `${alive} of ${alive + gone}`;
}
