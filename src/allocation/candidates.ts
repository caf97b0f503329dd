import type { Ipv4 } from '../net/ipv4.ts';
import { nthAddress } from '../subnet/pool.ts';
import { currentAt } from './availability.ts';
import { hashOfClient } from './client-hash.ts';
import { doubtfulAfterProbes, doubtfulAtLast, oldestOffer, oldestOfSilentPeer } from './last-resorts.ts';
import {
  firstIn,
  freeLongest,
  isAvailable,
  isOpen,
  isOwnFirst,
  type Proposal,
  type Search,
} from './search.ts';
import {
  firstGatewayFor,
  freeOfFirst,
  longestFreeOfFirst,
  neverUsedOfFirst,
  ofFirst,
} from './shared-proposals.ts';

const BEFORE_QUIET: readonly Proposal[] = [unusedAfterProbe, lastBinding, requested];
const QUIET: readonly Proposal[] = [quietNeverUsed, quietLongestFree, quietFree];
const OF_FIRST: readonly Proposal[] = [neverUsedOfFirst, longestFreeOfFirst, freeOfFirst];
const AFTER_QUIET: readonly Proposal[] = [rankedFirst, hashPosition, longestFree, spread];

/** RFC 2131 §4.3.1: a free address is looked for in this order, after what `chooseAddress` tries first. */
const PROPOSALS: readonly Proposal[] = [...BEFORE_QUIET, ...QUIET, doubtfulAfterProbes, ...AFTER_QUIET];
/** Where leases are shared, for a client that this gateway answers first: what is quiet here is what it goes first for. */
const PROPOSALS_OF_FIRST: readonly Proposal[] = [
  ...[...BEFORE_QUIET, ...QUIET, doubtfulAfterProbes],
  ...[...OF_FIRST, ...AFTER_QUIET],
];
/** For a client that another gateway answers first: the address that it is offered there, though it may not be quiet here. */
const PROPOSALS_OF_OTHERS: readonly Proposal[] = [
  ...[...BEFORE_QUIET, doubtfulAfterProbes],
  ...[...OF_FIRST, ...QUIET, ...AFTER_QUIET],
];
/** What may be offered without being held, so that clients are spread over all that is free; for whom: as above. */
const UNHELD: readonly Proposal[] = [
  ...[unusedAfterProbe, requested, spreadQuiet, quietFree],
  ...[rankedFirst, spread, longestFree],
];
const UNHELD_OF_FIRST: readonly Proposal[] = [
  ...[unusedAfterProbe, requested, spreadQuiet, quietFree],
  ...[spreadOfFirst, freeOfFirst],
  ...[rankedFirst, spread, longestFree],
];
const UNHELD_OF_OTHERS: readonly Proposal[] = [
  ...[unusedAfterProbe, requested],
  ...[spreadOfFirst, freeOfFirst],
  ...[spreadQuiet, quietFree, rankedFirst, spread, longestFree],
];
/** When nothing is free. */
const LAST_RESORTS: readonly Proposal[] = [doubtfulAtLast, oldestOffer, oldestOfSilentPeer];

/** How many addresses to try when looking for one where this gateway goes first. */
const RANK_STEPS = 256;
/** Addresses that are looked at for a free one, before the one that has been free longest is taken. */
const SPREAD_STEPS = 32;
/** 2^32 divided by the golden ratio: multiples of it lie evenly apart. */
const GOLDEN = 0x9e3779b9;

/** Quiet addresses that are looked at for one that nobody has had, and for one that is free at all. */
const NEVER_USED_STEPS = 16;
const QUIET_STEPS = 256;

const NO_GATEWAYS: ReadonlySet<Ipv4> = new Set();

/** The first proposal that the client may have; undefined when the pools are full. */
export function findAddress(search: Search): Ipv4 | undefined {
  return (
    findFree(byRole(search, PROPOSALS, PROPOSALS_OF_FIRST, PROPOSALS_OF_OTHERS), search) ??
    firstProposal(LAST_RESORTS, search)
  );
}

/** The same for an offer that is not held: always one that is free, and held for nobody. */
export function findUnheld(search: Search): Ipv4 | undefined {
  return findFree(byRole(search, UNHELD, UNHELD_OF_FIRST, UNHELD_OF_OTHERS), search);
}

/** Where leases are shared: the oldest offer, if nobody has answered it for `offerReuseAfter`; what takes its place is held. */
export function findUnanswered(search: Search): Ipv4 | undefined {
  return search.offerReuseAfter > 0 ? oldestOffer(search) : undefined;
}

/** What is tried without shared leases, for a client that this gateway answers first, and for another gateway's. */
function byRole(
  search: Search,
  alone: readonly Proposal[],
  first: readonly Proposal[],
  other: readonly Proposal[],
): readonly Proposal[] {
  if (search.clusterPeers === undefined || search.clusterPeers.size === 0) return alone;
  return firstGatewayFor(search) === search.self ? first : other;
}

/**
 * One that was not offered to another client lately; if there is none, one that was, without being held. While gateways are
 * heard that share nothing, one that was is better than one for which another gateway goes first: whom this gateway has
 * offered it to, it can refuse itself.
 */
function findFree(proposals: readonly Proposal[], search: Search): Ipv4 | undefined {
  const end = search.peers.size > 0 ? proposals.indexOf(rankedFirst) + 1 : proposals.length;
  const open = firstProposal(proposals, search, end);
  if (open !== undefined || firstIn(search, (pool) => freeLongest(pool, search)) === undefined) return open;
  return firstProposal(proposals, { ...search, isOfferedBeside: () => false });
}

function firstProposal(
  proposals: readonly Proposal[],
  search: Search,
  end = proposals.length,
): Ipv4 | undefined {
  for (let index = 0; index < end; index += 1) {
    const address = proposals[index]?.(search);
    if (address !== undefined) return address;
  }
  return undefined;
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
    if (isNobodys && isOpen(address, search)) return address;
  }
  return undefined;
}

/** Among the quiet, so that the client does not wait: the first one from its own position on that nobody has had. */
function quietNeverUsed(search: Search): Ipv4 | undefined {
  const { client, hardware, leases, quiet } = search;
  return quiet.find(hashOfClient(client), hardware, NEVER_USED_STEPS, (address) => {
    const last = leases.at(address);
    return (
      (last === undefined || last.client === client) && isOwnFirst(address, search) && isOpen(address, search)
    );
  });
}

function quietLongestFree(search: Search): Ipv4 | undefined {
  const address = longestFree(search);
  if (address === undefined || !isOwnFirst(address, search)) return undefined;
  return search.quiet.isQuiet(address, search.hardware) ? address : undefined;
}

function quietFree(search: Search): Ipv4 | undefined {
  const { client, hardware, quiet } = search;
  return quiet.find(
    hashOfClient(client),
    hardware,
    QUIET_STEPS,
    (address) => isOwnFirst(address, search) && isOpen(address, search),
  );
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
  const { quiet, hardware } = search;
  return firstOfWalk(search, (address) => quiet.isQuiet(address, hardware) && isOwnFirst(address, search));
}

/** The same among the addresses of the client's first gateway, where leases are shared. */
function spreadOfFirst(search: Search): Ipv4 | undefined {
  return firstOfWalk(search, ofFirst(search));
}

function firstOfWalk(search: Search, isWanted: (address: Ipv4) => boolean): Ipv4 | undefined {
  const hash = hashOfClient(search.client);
  for (const pool of search.subnet.pools) {
    const size = pool.last - pool.first + 1;
    let second: Ipv4 | undefined;
    for (let step = 0; step < SPREAD_STEPS; step += 1) {
      const address = nthAddress(pool, ((hash + step * GOLDEN) >>> 0) % size);
      if (!isOpen(address, search) || !isWanted(address)) continue;
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
  if (search.peers.size === 0 && (search.firstGateways ?? NO_GATEWAYS).size === 0) return undefined;
  const hash = hashOfClient(search.client);
  for (const pool of search.subnet.pools) {
    const size = pool.last - pool.first + 1;
    for (let step = 0; step < Math.min(size, RANK_STEPS); step += 1) {
      const address = nthAddress(pool, (hash + step) % size);
      if (!isOwnFirst(address, search)) continue;
      if (search.leases.at(address) === undefined && isOpen(address, search)) return address;
    }
  }
  return undefined;
}

function longestFree(search: Search): Ipv4 | undefined {
  return firstIn(search, (pool) => {
    const address = freeLongest(pool, search);
    return address !== undefined && !search.isOfferedBeside(address) ? address : undefined;
  });
}
