import { NOBODY } from '../lease/client-key.ts';
import type { Claimant } from '../lease/reservation/reservation-view.ts';
import { NO_HARDWARE } from '../net/hardware-address.ts';
import type { Ipv4 } from '../net/ipv4.ts';
import { contains } from '../net/prefix.ts';
import { isInOthersShare, poolOf } from './pool.ts';
import type { Subnet } from './subnet.ts';

/**
 * What a client may have of an address, as settings and reservations are now.
 * - lease: it is in a pool, or reserved for this client.
 * - keep-until-end: it is in no pool, or kept for a reservation that was removed, or reserved for this client in another
 *   gateway's share of the pool; a client with a lease may keep it until the lease ends.
 * - reserved: it is reserved for another client; even a running lease is not confirmed.
 * - nothing: it is the router's, a gateway's or the network's own, or outside the prefix; even a running lease is not confirmed.
 */
export type Entitlement = 'lease' | 'keep-until-end' | 'reserved' | 'nothing';

/** A claimant without reservations. */
export const ANYBODY: Claimant = { client: NOBODY, hardware: NO_HARDWARE };

/** The only gate to an address: every offer, grant and confirmation calls it. */
export function mayHave(subnet: Subnet, who: Claimant, address: Ipv4): Entitlement {
  if (subnet.excluded.has(address) || !contains(subnet.prefix, address)) return 'nothing';
  const reservation = subnet.reservations.at(address);
  if (reservation !== undefined) {
    if (reservation.retiredUntil !== undefined) return 'keep-until-end';
    if (subnet.reservations.of(who)?.address !== address) return 'reserved';
    return isInOthersShare(subnet, address) ? 'keep-until-end' : 'lease';
  }
  return poolOf(subnet, address) === undefined ? 'keep-until-end' : 'lease';
}
