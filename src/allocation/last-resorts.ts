import type { Lease } from '../lease/lease.ts';
import type { Ipv4 } from '../net/ipv4.ts';
import { isTaken } from './availability.ts';
import { firstIn, isPerhapsPeers, isUntaken, type Search } from './search.ts';
import { isOfSilentPeer } from './silent-peer.ts';

/** Addresses that are probed for one client before an answer that is not believed is ignored. */
const DOUBTFUL_PROBES = 2;

/**
 * An address at which only machines have answered that are not believed, when as many as that were probed for this client and
 * none is quiet: whoever answers for every address would else keep all guests away.
 */
export function doubtfulAfterProbes(search: Search): Ipv4 | undefined {
  return doubtfulOf(search, DOUBTFUL_PROBES);
}

/** The same when nothing else is free. */
export function doubtfulAtLast(search: Search): Ipv4 | undefined {
  return doubtfulOf(search, 1);
}

function doubtfulOf(search: Search, least: number): Ipv4 | undefined {
  const { probes } = search;
  if (probes === undefined || probes.size < least) return undefined;
  const doubtful = [...probes].filter(([, { weak }]) => weak === 'doubtful').map(([address]) => address);
  return doubtful.length < least ? undefined : doubtful.find((address) => isUntaken(address, search));
}

/** What is to be known of other gateways for an address of theirs. */
export type PeerSearch = Pick<
  Search,
  | 'leases'
  | 'now'
  | 'peers'
  | 'isThere'
  | 'listeningSince'
  | 'subnet'
  | 'self'
  | 'trustsClock'
  | 'clusterPeers'
>;

/**
 * When nothing else is left: a lease of our own that has run out; or an address of which a peer's client was heard longest
 * ago, if ARP does not find that peer, if it has not shown the client either, or if the peer has been silent for as long as a
 * lease can last. It is asked for by ARP like any that is not vouched for.
 */
export function oldestOfSilentPeer(search: PeerSearch): Ipv4 | undefined {
  const { leases, trustsClock, clusterPeers } = search;
  if (!trustsClock) return undefined;
  const isWanted = (lease: Lease) =>
    clusterPeers?.has(lease.address) !== true && isOfSilentPeer(lease, search);
  return firstIn(search, (pool) => leases.oldestPeer(pool, isWanted)?.address);
}

/** RFC 2131 §4.3.2: servers may reuse offered addresses; under pressure the oldest unanswered offer gives way. */
export function oldestOffer(search: Search): Ipv4 | undefined {
  return firstIn(search, (pool) => {
    const offer = search.leases.oldestOffer(pool, search.clusterPeers);
    return offer !== undefined &&
      !isOverLease(offer, search) &&
      search.now - offer.updatedAt >= search.offerReuseAfter
      ? offer.address
      : undefined;
  });
}

/**
 * True if there is perhaps a lease still under the offer, though its time is past by the clock: the client's own, or that of
 * its card under another identifier.
 */
function isOverLease({ address }: Lease, search: Search): boolean {
  const lease = search.leases.recordAt(address);
  if (lease === undefined) return false;
  return (
    isPerhapsPeers(lease, search) || isTaken(lease, search.client, search.now, search.reusableBefore(lease))
  );
}
