import type { Ipv4 } from '../net/ipv4.ts';
import { UNSPECIFIED } from '../net/ipv4.ts';
import { nthAddress } from '../subnet/pool.ts';
import type { Subnet } from '../subnet/subnet.ts';
import { hashOfClient } from './client-hash.ts';
import { firstOf } from './gateway-rank.ts';
import { firstIn, freeLongest, isOpen, type Search } from './search.ts';

/** Addresses that are looked at, from the client's own position on. */
const STEPS = 256;
/** Addresses of other clients that are met in the search for one that nobody has had. */
const USED_STEPS = 16;

type Pools = Pick<Subnet, 'pools'>;
type Asker = Pick<Search, 'client' | 'self' | 'hostGateway' | 'clusterPeers'> & { readonly subnet: Pools };

const NO_GATEWAYS: ReadonlySet<Ipv4> = new Set();

/**
 * Of the gateways that share their leases the one that answers a client first: the one at the client's own host, if that is
 * known; else the one that goes first for the address at the client's own position in the pools (RFC 3074: a hash of the
 * client decides). What it offers, it chooses among the
 * addresses that it goes first for; and another gateway, when it answers the client too, chooses among the same ones in the
 * same order. So they name one address, and two that are first for two clients name two.
 */
export function firstGatewayFor(asker: Asker): Ipv4 {
  const { client, subnet, self, hostGateway, clusterPeers = NO_GATEWAYS } = asker;
  if (hostGateway !== undefined) return hostGateway;
  return firstOf(self, poolAddress(subnet, hashOfClient(client), sizeOf(subnet)), clusterPeers);
}

/** From the client's position on, the first address of its first gateway that nobody else has had. */
export function neverUsedOfFirst(search: Search): Ipv4 | undefined {
  let used = 0;
  return findOfFirst(search, (address) => {
    const last = search.leases.at(address);
    if (last === undefined || last.client === search.client) return isOpen(address, search);
    if (last.state === 'free') used += 1;
    return used >= USED_STEPS ? 'none' : false;
  });
}

/** The address that has been free longest, if it is one of the client's first gateway. */
export function longestFreeOfFirst(search: Search): Ipv4 | undefined {
  const address = firstIn(search, (pool) => freeLongest(pool, search));
  if (address === undefined || search.isOfferedBeside(address)) return undefined;
  return isOf(firstGatewayFor(search), address, search) ? address : undefined;
}

export function freeOfFirst(search: Search): Ipv4 | undefined {
  return findOfFirst(search, (address) => isOpen(address, search));
}

/** True of the addresses among which the client's first gateway chooses. */
export function ofFirst(search: Search): (address: Ipv4) => boolean {
  const first = firstGatewayFor(search);
  return (address) => isOf(first, address, search);
}

/** Addresses of the client's first gateway, from the client's position on. 'none': the search is over. */
function findOfFirst(search: Search, isFit: (address: Ipv4) => boolean | 'none'): Ipv4 | undefined {
  const isWanted = ofFirst(search);
  const hash = hashOfClient(search.client);
  const size = sizeOf(search.subnet);
  for (let step = 0; step < Math.min(size, STEPS); step += 1) {
    const address = poolAddress(search.subnet, (hash + step) >>> 0, size);
    if (!isWanted(address)) continue;
    const found = isFit(address);
    if (found === 'none') return undefined;
    if (found) return address;
  }
  return undefined;
}

/** True if a gateway goes first for an address, also before those that are heard and share nothing. */
function isOf(gateway: Ipv4, address: Ipv4, { self, clusterPeers = NO_GATEWAYS, peers }: Search): boolean {
  if (firstOf(self, address, clusterPeers) !== gateway) return false;
  return peers.size === 0 || firstOf(gateway, address, peers.keys()) === gateway;
}

/** The address at a position in the pools, as if they were one; it goes round. UNSPECIFIED: there is no pool. */
function poolAddress(subnet: Pools, position: number, size: number): Ipv4 {
  let rest = size === 0 ? 0 : position % size;
  for (const pool of subnet.pools) {
    const length = pool.last - pool.first + 1;
    if (rest < length) return nthAddress(pool, rest);
    rest -= length;
  }
  return UNSPECIFIED;
}

/** Excluded addresses count. */
function sizeOf({ pools }: Pools): number {
  return pools.reduce((sum, { first, last }) => sum + last - first + 1, 0);
}
