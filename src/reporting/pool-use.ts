import { oldestOfSilentPeer } from '../allocation/last-resorts.ts';
import type { RunningProblem } from '../diagnosis/running-problem.ts';
import type { Instant } from '../lease/lease.ts';
import type { AddressRange, LeaseCounts, LeaseView, Occupancy } from '../lease/lease-view.ts';
import { type Ipv4, ipv4ToText } from '../net/ipv4.ts';
import type { Plan } from '../subnet/plan.ts';
import { isInRange, sizeOf } from '../subnet/pool.ts';

/** The part of the pool in use from which a problem is reported: 0 to 1. */
const NEARLY_FULL = 0.9;

const WIDEN =
  'widen the pool (GATEWAY_DHCP_POOL_START, GATEWAY_DHCP_POOL_END), or make leases shorter (GATEWAY_DHCP_LEASE_TIME)';

/** How the addresses that guests may have are used. */
export interface PoolUse {
  /** `10.15.3.20-10.15.3.254`. */
  readonly ranges: readonly string[];
  readonly size: number;
  readonly leased: number;
  /** Granted by gateways that do not share their leases with this one, as far as this one has received the DHCPREQUESTs. */
  readonly peers: number;
  /** Kept for a reservation whose guest does not use it now; also for a day after that was removed. */
  readonly reserved: number;
  /** In quarantine: declined, or found in use by another machine. */
  readonly declined: number;
  /** On offer. An offer that its client does not accept is reused when nothing else is left. */
  readonly offered: number;
  /** Free for new guests. */
  readonly left: number;
  /** False: nothing is free, nothing is on offer, and no address of a silent gateway can be reused. */
  readonly hasRoom: boolean;
}

export interface PoolUseInput {
  readonly plan: Plan;
  readonly leases: LeaseView & Pick<LeaseCounts, 'occupancy'>;
  readonly now: Instant;
  /** False: the clock is in doubt, so expired leases are kept for their clients. */
  readonly trustsClock: boolean;
  readonly peers: ReadonlyMap<Ipv4, Instant>;
  readonly isThere: (gateway: Ipv4) => boolean;
  readonly listeningSince: Instant;
  /** The gateways that share the leases. No guest gets the addresses on which they listen. */
  readonly clusterPeers: ReadonlySet<Ipv4>;
}

/** Reads only counts that the lease table keeps: O(1) for each pool. */
export function poolUseOf(question: PoolUseInput): PoolUse {
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
    reserved: sum('reserved'),
    declined: sum('declined'),
    offered,
    left,
    hasRoom: left + offered > 0 || hasSilentPeer(question),
  };
}

function hasSilentPeer({ plan, ...question }: PoolUseInput): boolean {
  return oldestOfSilentPeer({ ...question, subnet: plan.subnet, self: plan.serverIdentifier }) !== undefined;
}

/** Addresses of the pools that would be free if no gateway listened on them. */
function freeOfGateways(pools: readonly AddressRange[], { clusterPeers, leases }: PoolUseInput): number {
  let count = 0;
  for (const gateway of clusterPeers) {
    const isFree = (leases.at(gateway)?.state ?? 'free') === 'free';
    if (isFree && pools.some((pool) => isInRange(pool, gateway))) count += 1;
  }
  return count;
}

/**
 * The problem of a pool that is full or nearly full. While the clock is in doubt and nothing is free, the clock is the
 * problem: expired leases could be reused otherwise.
 */
export function poolProblem(use: PoolUse, trustsClock: boolean): RunningProblem | undefined {
  const { size, left, hasRoom } = use;
  if (!hasRoom && !trustsClock) return undefined; // It is the clock's problem.
  const remedy = poolRemedy(use);
  if (!hasRoom)
    return {
      name: 'pool-full',
      message: `the pool is full: ${partsOf(use)}`,
      remedy,
      stopsNewGuests: true,
    };
  const part = size === 0 ? 0 : (size - left) / size;
  if (part < NEARLY_FULL) return undefined;
  const message = `${Math.floor(part * 100)} % of the pool are in use: ${partsOf(use)}`;
  return { name: 'pool-nearly-full', message, remedy, stopsNewGuests: false };
}

/** What the addresses of a pool are used for: all that an operator can make free, and the rest if there is any. */
function partsOf({ size, left, leased, reserved, declined, peers, offered }: PoolUse): string {
  return [
    `${left} of ${size} addresses free`,
    `${leased} leased`,
    `${reserved} reserved or retired, and not in use`,
    `${declined} in quarantine`,
    ...(peers > 0 ? [`${peers} of other gateways`] : []),
    ...(offered > 0 ? [`${offered} on offer`] : []),
  ].join(', ');
}

/** What to type next: first what most of the addresses are used for. */
export function poolRemedy({ leased, reserved, declined }: PoolUse): string {
  const looks = [
    { count: leased, text: '`vps-gateway leases` shows who has what' },
    {
      count: reserved,
      text: '`vps-gateway reservations list --state reserved-idle --retired` shows what is reserved or retired, and not in use',
    },
    {
      count: declined,
      text: '`vps-gateway leases list --state declined` shows the quarantine, and `vps-gateway addresses restore` ends it',
    },
  ];
  const used = looks.filter(({ count }) => count > 0).sort((one, other) => other.count - one.count);
  return [...used.map(({ text }) => text), WIDEN].join('; ');
}

/** `12 of 235 leased, 223 left`, with the numbers of the other states if they are not 0. */
export function poolUseToText(use: PoolUse): string {
  const { size, leased, peers, reserved, declined, offered, left, ranges } = use;
  const others = [
    reserved > 0 ? `${reserved} reserved or retired, and not in use` : '',
    peers > 0 ? `${peers} of other gateways` : '',
    declined > 0 ? `${declined} declined` : '',
    offered > 0 ? `${offered} on offer` : '',
  ].filter((text) => text !== '');
  return `${[`${leased} of ${size} leased`, ...others, `${left} left`].join(', ')} (${ranges.join(', ')})`;
}
