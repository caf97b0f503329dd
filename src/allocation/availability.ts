import type { ClientKey } from '../lease/client-key.ts';
import type { Instant, Lease } from '../lease/lease.ts';
import type { LeaseView } from '../lease/lease-view.ts';
import type { Ipv4 } from '../net/ipv4.ts';

/** True while the lease, offer or quarantine holds its address: expiry is read, never waited for. */
export function isLive(lease: Lease, now: Instant): boolean {
  return lease.state !== 'free' && lease.expiresAt > now;
}

/**
 * What stands at an address. An offer that has run out stands for nothing: its address may be leased, for a card's own is
 * offered to it under another identifier.
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
 * True if what stands at an address keeps a client from getting it.
 *
 * @param reusableBefore What has run out later than this is not given to others yet: the clock may be wrong, or those of
 *   gateways differ.
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
