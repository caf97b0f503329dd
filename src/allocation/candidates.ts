import { type Instant, isClaim, type Lease } from '../lease/lease.ts';
import type { AddressRange, LeaseView } from '../lease/lease-view.ts';
import type { Claimant } from '../lease/reservation/reservation-view.ts';
import type { HardwareAddress } from '../net/hardware-address.ts';
import { type Ipv4, UNSPECIFIED } from '../net/ipv4.ts';
import { mayHave } from '../subnet/may-have.ts';
import { nthAddress } from '../subnet/pool.ts';
import type { Subnet } from '../subnet/subnet.ts';
import { currentAt, isTaken } from './availability.ts';
import { hashOfClient } from './client-hash.ts';
import { goesFirst } from './gateway-rank.ts';
import type { QuietView } from './quiet-view.ts';

/** Who asks for an address, and what is known. */
export interface Search extends Claimant {
  /** Option 50. */
  readonly requested: Ipv4 | undefined;
  readonly subnet: Subnet;
  readonly leases: LeaseView;
  readonly now: Instant;
  /** A lease that ended after this time is still kept from others. */
  readonly reusableBefore: (lease: Lease | undefined) => Instant;
  /** False: it is not known how long ago a peer was heard. */
  readonly trustsClock: boolean;
  /** Under pressure an unanswered offer gives way after so long: milliseconds. */
  readonly offerReuseAfter: number;
  /** This gateway, by its server identifier. */
  readonly self: Ipv4;
  /** The other gateways that are heard, and when each was last. */
  readonly peers: ReadonlyMap<Ipv4, Instant>;
  /** True if a gateway is on the segment, as far as ARP can show that. */
  readonly isThere: (gateway: Ipv4) => boolean;
  /** Listening began at this time. A peer that was not heard since may have been heard just before. */
  readonly listeningSince: Instant;
  /** The gateways that share the leases: what they listen on is no guest's. */
  readonly clusterPeers?: ReadonlySet<Ipv4> | undefined;
  /** Those need not be asked for before they are offered. */
  readonly quiet: QuietView;
  /** Who answered by ARP for the addresses that were asked for. */
  readonly answers: ReadonlyMap<Ipv4, HardwareAddress | undefined>;
  /** Those that were asked for, and how weak the answer is, if it is; absent: none was. */
  readonly probes?: ReadonlyMap<Ipv4, { readonly weak?: 'once' | 'doubtful' | undefined }>;
}

type Proposal = (search: Search) => Ipv4 | undefined;

/** RFC 2131 §4.3.1: a new address is looked for in this order, after what `chooseAddress` tries first. */
const PROPOSALS: readonly Proposal[] = [
  unusedAfterProbe,
  lastBinding,
  requested,
  quietNeverUsed,
  quietLongestFree,
  quietFree,
  doubtfulAfterProbes,
  rankedFirst,
  hashPosition,
  longestFree,
  doubtfulAtLast,
  oldestOffer,
  oldestOfSilentPeer,
];

/** How many addresses to try when looking for one where this gateway goes first. */
const RANK_STEPS = 256;

/** What may be offered without being held, so that clients are spread over all that is free. */
const UNHELD: readonly Proposal[] = [
  unusedAfterProbe,
  requested,
  spreadQuiet,
  quietFree,
  rankedFirst,
  spread,
  longestFree,
];

/** ARP has had the time to find a gateway that was named, or to show a client that has claimed an address: milliseconds. */
const FINDING_TIME = 2000;
const CONFIRMING_TIME = 15_000;

/** Addresses that are looked at for a free one, before the one that has been free longest is taken. */
const SPREAD_STEPS = 32;
/** 2^32 divided by the golden ratio: multiples of it lie evenly apart. */
const GOLDEN = 0x9e3779b9;

/** Addresses that are probed for one client before an answer that is not believed is ignored. */
const DOUBTFUL_PROBES = 2;

/** Quiet addresses that are looked at for one that nobody has had, and for one that is free at all. */
const NEVER_USED_STEPS = 16;
const QUIET_STEPS = 256;

/** The first proposal that the client may have; undefined when the pools are full. */
export function findAddress(search: Search): Ipv4 | undefined {
  return firstProposal(PROPOSALS, search);
}

/** The same for an offer that is not held: always one that is free, and offered to nobody. */
export function findUnheld(search: Search): Ipv4 | undefined {
  return firstProposal(UNHELD, search);
}

/** Where leases are shared: the oldest offer, if nobody has answered it for `offerReuseAfter`; what takes its place is held. */
export function findUnanswered(search: Search): Ipv4 | undefined {
  return search.offerReuseAfter > 0 ? oldestOffer(search) : undefined;
}

function firstProposal(proposals: readonly Proposal[], search: Search): Ipv4 | undefined {
  for (const propose of proposals) {
    const address = propose(search);
    if (address !== undefined) return address;
  }
  return undefined;
}

/** True if the client may have the address, it is neither taken nor on its way to somebody, and no weak answer speaks against it. */
export function isAvailable(address: Ipv4, search: Search): boolean {
  return search.probes?.get(address)?.weak === undefined && isUntaken(address, search);
}

/** The same, whatever was answered for it: for a client that is to have this address and no other. */
export function isUntaken(address: Ipv4, search: Search): boolean {
  if (!isEntitled(address, search) || search.leases.isInFlight(address)) return false;
  const current = currentAt(search.leases, address, search.now);
  if (current !== undefined && isPerhapsPeers(current, search)) return false;
  return !isTaken(current, search.client, search.now, search.reusableBefore(current));
}

/**
 * Another client's lease or quarantine that has run out here while other gateways are heard: one of them may have extended it.
 * The sweep makes it a lapsed one, which is given away last.
 */
function isPerhapsPeers({ state, client }: Lease, search: Search): boolean {
  return search.peers.size > 0 && client !== search.client && (state === 'bound' || state === 'declined');
}

function isEntitled(address: Ipv4, search: Search): boolean {
  return mayHave(search.subnet, search, address) === 'lease' && search.clusterPeers?.has(address) !== true;
}

/**
 * An address at which only machines have answered that are not believed, when as many as that were probed for this client and
 * none is quiet: whoever answers for every address would else keep all guests away.
 */
function doubtfulAfterProbes(search: Search): Ipv4 | undefined {
  return doubtfulOf(search, DOUBTFUL_PROBES);
}

/** The same when nothing else is free. */
function doubtfulAtLast(search: Search): Ipv4 | undefined {
  return doubtfulOf(search, 1);
}

function doubtfulOf({ probes, ...search }: Search, least: number): Ipv4 | undefined {
  if (probes === undefined || probes.size < least) return undefined;
  const doubtful = [...probes].filter(([, { weak }]) => weak === 'doubtful').map(([address]) => address);
  return doubtful.length < least ? undefined : doubtful.find((address) => isUntaken(address, search));
}

/** An address that this client waited for, and that nobody else answered for. */
function unusedAfterProbe(search: Search): Ipv4 | undefined {
  for (const [address, holder] of search.answers) {
    const isUnused = holder === undefined || holder === search.hardware;
    if (isUnused && isAvailable(address, search)) return address;
  }
  return undefined;
}

/** The client's previous address, if nobody has it now. */
function lastBinding(search: Search): Ipv4 | undefined {
  const last = search.leases.bindingOf(search.client);
  return last !== undefined && isAvailable(last.address, search) ? last.address : undefined;
}

/** Option 50, if it is valid and not already allocated. */
function requested(search: Search): Ipv4 | undefined {
  return search.requested !== undefined && isAvailable(search.requested, search)
    ? search.requested
    : undefined;
}

/**
 * The client's own position in the pool, so that it gets its old address back even from an empty store. Not another
 * client's last address: that one comes back for it, and there may be others that nobody has had.
 */
function hashPosition(search: Search): Ipv4 | undefined {
  const hash = hashOfClient(search.client);
  for (const pool of search.subnet.pools) {
    const address = nthAddress(pool, hash % (pool.last - pool.first + 1));
    const current = currentAt(search.leases, address, search.now);
    const isNobodys = current === undefined || current.client === search.client;
    if (isNobodys && isAvailable(address, search)) return address;
  }
  return undefined;
}

/** Among the quiet, so that the client does not wait: the first one from its own position on that nobody has had. */
function quietNeverUsed(search: Search): Ipv4 | undefined {
  const { client, hardware, leases, quiet } = search;
  return quiet.find(hashOfClient(client), hardware, NEVER_USED_STEPS, (address) => {
    const last = leases.at(address);
    return (last === undefined || last.client === client) && isAvailable(address, search);
  });
}

function quietLongestFree(search: Search): Ipv4 | undefined {
  const address = longestFree(search);
  return address !== undefined && search.quiet.isQuiet(address, search.hardware) ? address : undefined;
}

function quietFree(search: Search): Ipv4 | undefined {
  const { client, hardware, quiet } = search;
  return quiet.find(hashOfClient(client), hardware, QUIET_STEPS, (address) => isAvailable(address, search));
}

/**
 * The client's position among what is free: the first free address of a walk through the pool that is the client's own, so that
 * it is offered the same one each time. Another client's last address only if the walk meets no other.
 */
function spread(search: Search): Ipv4 | undefined {
  return firstOfWalk(search, () => true);
}

/** The same among what is quiet, so that the client's DHCPREQUEST does not wait. */
function spreadQuiet(search: Search): Ipv4 | undefined {
  return firstOfWalk(search, (address) => search.quiet.isQuiet(address, search.hardware));
}

function firstOfWalk(search: Search, isWanted: (address: Ipv4) => boolean): Ipv4 | undefined {
  const hash = hashOfClient(search.client);
  for (const pool of search.subnet.pools) {
    const size = pool.last - pool.first + 1;
    let second: Ipv4 | undefined;
    for (let step = 0; step < SPREAD_STEPS; step += 1) {
      const address = nthAddress(pool, ((hash + step * GOLDEN) >>> 0) % size);
      if (!isAvailable(address, search) || !isWanted(address)) continue;
      if (search.leases.at(address) === undefined) return address;
      second ??= address;
    }
    if (second !== undefined) return second;
  }
  return undefined;
}

/**
 * While other gateways are heard: an address that nobody has had and for which this gateway goes before them, so that two
 * gateways seldom pick one address at one moment. The search begins at the client's own position.
 */
function rankedFirst(search: Search): Ipv4 | undefined {
  if (search.peers.size === 0) return undefined;
  const hash = hashOfClient(search.client);
  for (const pool of search.subnet.pools) {
    const size = pool.last - pool.first + 1;
    for (let step = 0; step < Math.min(size, RANK_STEPS); step += 1) {
      const address = nthAddress(pool, (hash + step) % size);
      if (!goesFirst(search.self, address, search.peers.keys())) continue;
      if (search.leases.at(address) === undefined && isAvailable(address, search)) return address;
    }
  }
  return undefined;
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
  const { leases, now, peers, isThere, listeningSince, subnet, self, trustsClock, clusterPeers } = search;
  if (!trustsClock) return undefined;
  const longest = subnet.leaseTimes.maximum * 1000;
  const isWanted = (lease: Lease) => clusterPeers?.has(lease.address) !== true && isSilent(lease);
  const isSilent = (lease: Lease) => {
    const { granter, updatedAt } = lease;
    if (granter === UNSPECIFIED || granter === self) return true;
    const notedAt = updatedAt > now ? 0 : updatedAt; // Else the clock was put back since, and it says nothing.
    const known = now - Math.max(notedAt, listeningSince);
    if (!isThere(granter)) return known >= FINDING_TIME;
    if (isClaim(lease)) return known >= CONFIRMING_TIME;
    return now - Math.max(notedAt, peers.get(granter) ?? listeningSince) >= longest;
  };
  return firstOf(search, (pool) => leases.oldestPeer(pool, isWanted)?.address);
}

/** What the other gateways listen on, and addresses with weak answers. */
function weakBeside({ probes, clusterPeers }: Search): ReadonlySet<Ipv4> | undefined {
  if (probes === undefined || probes.size === 0) return clusterPeers;
  const except = new Set(clusterPeers);
  for (const [address, { weak }] of probes) if (weak !== undefined) except.add(address);
  return except;
}

function longestFree(search: Search): Ipv4 | undefined {
  const except = weakBeside(search);
  return firstOf(search, (pool) => search.leases.longestFree(pool, except));
}

/** RFC 2131 §4.3.2: servers may reuse offered addresses; under pressure the oldest unanswered offer gives way. */
function oldestOffer(search: Search): Ipv4 | undefined {
  return firstOf(search, (pool) => {
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

function firstOf(
  search: Pick<Search, 'subnet'>,
  find: (pool: AddressRange) => Ipv4 | undefined,
): Ipv4 | undefined {
  for (const pool of search.subnet.pools) {
    const address = find(pool);
    if (address !== undefined) return address;
  }
  return undefined;
}
