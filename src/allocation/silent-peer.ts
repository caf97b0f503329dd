import { type Instant, isClaim, type Lease } from '../lease/lease.ts';
import { type Ipv4, UNSPECIFIED } from '../net/ipv4.ts';
import type { Subnet } from '../subnet/subnet.ts';

/** ARP has had the time to find a gateway that was named, or to show a client that has claimed an address: milliseconds. */
const FINDING_TIME = 2000;
const CONFIRMING_TIME = 13_000;

/** What is known of gateways that share nothing. */
export interface PeerKnowledge {
  readonly now: Instant;
  /** This gateway, by its server identifier. */
  readonly self: Ipv4;
  readonly subnet: Subnet;
  /** The other gateways that are heard, and when each was last. */
  readonly peers: ReadonlyMap<Ipv4, Instant>;
  /** True if a gateway is on the segment, as far as ARP can show that. */
  readonly isThere: (gateway: Ipv4) => boolean;
  /** Listening began at this time. A peer that was not heard since may have been heard just before. */
  readonly listeningSince: Instant;
}

/**
 * True for a lease of our own that has run out; or of a peer that ARP does not find, or that has not shown the client either, or
 * that has been silent for as long as a lease can last.
 */
export function isOfSilentPeer(lease: Lease, knowledge: PeerKnowledge): boolean {
  const { now, self, subnet, peers, isThere, listeningSince } = knowledge;
  const { granter, updatedAt } = lease;
  if (granter === UNSPECIFIED || granter === self) return true;
  const notedAt = updatedAt > now ? 0 : updatedAt; // Else the clock was put back since, and it says nothing.
  const known = now - Math.max(notedAt, listeningSince);
  if (!isThere(granter)) return known >= FINDING_TIME;
  if (isClaim(lease)) return known >= CONFIRMING_TIME;
  return now - Math.max(notedAt, peers.get(granter) ?? listeningSince) >= longestLease(subnet);
}

/** Milliseconds. */
export function longestLease({ leaseTimes }: Subnet): number {
  return leaseTimes.maximum * 1000;
}
