import type { ClientKey } from '../lease/client-key.ts';
import type { Instant, Lease } from '../lease/lease.ts';
import type { LeaseView } from '../lease/lease-view.ts';
import type { Ipv4 } from '../net/ipv4.ts';

/** True while the lease, offer or quarantine holds its address: expiry is read, never waited for. */
export function isLive(lease: Lease, now: Instant): boolean {
  return lease.state !== 'free' && lease.expiresAt > now;
}

/**
 * What counts at an address. An expired offer is ignored. The record below it counts: the address may be leased to the same
 * card under another identifier.
 */
export function currentAt(leases: LeaseView, address: Ipv4, now: Instant): Lease | undefined {
  const last = leases.at(address);
  return last?.state === 'offered' && !isLive(last, now) ? leases.recordAt(address) : last;
}

/** True for a lease that the client holds now. */
export function isBoundTo(lease: Lease | undefined, client: ClientKey, now: Instant): lease is Lease {
  return lease !== undefined && lease.state === 'bound' && lease.client === client && isLive(lease, now);
}

/**
 * True if a client cannot get the address because of this lease, offer or quarantine.
 *
 * @param reusableBefore A lease that ended after this time is still kept from others: the clock may be wrong, or the clocks
 *   of gateways differ.
 */
export function isTaken(
  lease: Lease | undefined,
  client: ClientKey,
  now: Instant,
  reusableBefore: Instant,
): boolean {
  if (lease === undefined || lease.state === 'free') return false;
  if (lease.state === 'declined') return lease.expiresAt > reusableBefore;
  if (lease.client === client) return false;
  return lease.expiresAt > (lease.state === 'offered' ? now : reusableBefore);
}
