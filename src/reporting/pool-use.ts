import { oldestOfSilentPeer } from '../allocation/candidates.ts';
import type { RunningProblem } from '../diagnosis/running-problem.ts';
import type { Instant } from '../lease/lease.ts';
import type { AddressRange, LeaseCounts, LeaseView, Occupancy } from '../lease/lease-view.ts';
import { type Ipv4, ipv4ToText } from '../net/ipv4.ts';
import type { Plan } from '../subnet/plan.ts';
import { isInRange, sizeOf } from '../subnet/pool.ts';

/** From so much of the pool on it is said: parts of 1. */
const NEARLY_FULL = 0.9;

const MORE =
  'widen the pool (GATEWAY_DHCP_POOL_START, GATEWAY_DHCP_POOL_END), or make leases shorter (GATEWAY_DHCP_LEASE_TIME); `vps-gateway leases` shows who has what';

/** How the addresses that guests may have are used. */
export interface PoolUse {
  /** `10.15.3.20-10.15.3.254`. */
  readonly ranges: readonly string[];
  readonly size: number;
  readonly leased: number;
  /** Granted by gateways that share nothing with this one, as far as they were heard. */
  readonly peers: number;
  /** Declined, or found in use by another machine, and given to nobody for a while. */
  readonly declined: number;
  /** On offer; an offer that is not taken up gives way when nothing else is left. */
  readonly offered: number;
  /** What is left for new guests. */
  readonly left: number;
  /** False: not even what is on offer, or a silent gateway's, could be given. */
  readonly hasRoom: boolean;
}

export interface PoolQuestion {
  readonly plan: Plan;
  readonly leases: LeaseView & Pick<LeaseCounts, 'occupancy'>;
  readonly now: Instant;
  /** False: what has run out is given to nobody else. */
  readonly trustsClock: boolean;
  readonly peers: ReadonlyMap<Ipv4, Instant>;
  readonly listeningSince: Instant;
  /** The gateways that share the leases: what they listen on is no guest's. */
  readonly clusterPeers: ReadonlySet<Ipv4>;
}

/** Looks at counts that are kept, at no record; O(1) for each pool. */
export function poolUseOf(question: PoolQuestion): PoolUse {
  const { plan, leases, trustsClock } = question;
  const { pools } = plan.subnet;
  const counts = pools.map((pool) => leases.occupancy(pool));
  const sum = (...of: readonly (keyof Occupancy)[]) =>
    counts.reduce((all, each) => all + of.reduce((some, name) => some + each[name], 0), 0);
  const gateways = freeOfGateways(pools, question);
  const left = sum('unused', 'free') + (trustsClock ? sum('lapsed') : 0) - gateways;
  const offered = sum('offered');
  return {
    ranges: pools.map(({ first, last }) => `${ipv4ToText(first)}-${ipv4ToText(last)}`),
    size: pools.reduce((size, pool) => size + sizeOf(pool), 0) - gateways,
    leased: sum('taken') + (trustsClock ? 0 : sum('lapsed')),
    peers: sum('peer'),
    declined: sum('declined'),
    offered,
    left,
    hasRoom: left + offered > 0 || hasSilentPeer(question),
  };
}

function hasSilentPeer({ plan, ...question }: PoolQuestion): boolean {
  return oldestOfSilentPeer({ ...question, subnet: plan.subnet, self: plan.serverIdentifier }) !== undefined;
}

/** Addresses of the pools that would be free if no gateway listened on them. */
function freeOfGateways(pools: readonly AddressRange[], { clusterPeers, leases }: PoolQuestion): number {
  let count = 0;
  for (const gateway of clusterPeers) {
    const isFree = (leases.at(gateway)?.state ?? 'free') === 'free';
    if (isFree && pools.some((pool) => isInRange(pool, gateway))) count += 1;
  }
  return count;
}

/**
 * A pool without room, or nearly so. While the clock is in doubt it is for the clock that nothing is free, for what has
 * run out might be given otherwise.
 */
export function poolProblem(use: PoolUse, trustsClock: boolean): RunningProblem | undefined {
  const { size, left, hasRoom } = use;
  if (!hasRoom && !trustsClock) return undefined; // It is the clock's problem.
  if (!hasRoom) return { name: 'pool-full', message: 'the pool is full', remedy: MORE, stopsNewGuests: true };
  const part = size === 0 ? 0 : (size - left) / size;
  if (part < NEARLY_FULL) return undefined;
  const message = `${Math.floor(part * 100)} % of the pool are in use, ${left} addresses are left`;
  return { name: 'pool-nearly-full', message, remedy: MORE, stopsNewGuests: false };
}

/** `12 of 235 leased, 223 left`, and what else there is. */
export function poolUseToText({ size, leased, peers, declined, offered, left, ranges }: PoolUse): string {
  const others = [
    peers > 0 ? `${peers} of other gateways` : '',
    declined > 0 ? `${declined} declined` : '',
    offered > 0 ? `${offered} on offer` : '',
  ].filter((text) => text !== '');
  return `${[`${leased} of ${size} leased`, ...others, `${left} left`].join(', ')} (${ranges.join(', ')})`;
}
