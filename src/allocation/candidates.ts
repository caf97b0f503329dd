import type { ClientKey } from '../lease/client-key.ts';
import type { Instant } from '../lease/lease.ts';
import type { AddressRange, LeaseView } from '../lease/lease-view.ts';
import type { HardwareAddress } from '../net/hardware-address.ts';
import type { Ipv4 } from '../net/ipv4.ts';
import { addressAt, poolOf } from '../subnet/pool.ts';
import type { Subnet } from '../subnet/subnet.ts';
import { isTaken } from './availability.ts';
import { hashOfClient } from './client-hash.ts';

/** Who asks for an address, and what is known. */
export interface Search {
  readonly client: ClientKey;
  readonly hardware: HardwareAddress;
  /** Option 50. */
  readonly requested: Ipv4 | undefined;
  readonly subnet: Subnet;
  readonly leases: LeaseView;
  readonly now: Instant;
  readonly trustsClock: boolean;
  /** Who answered by ARP for the addresses that were asked for. */
  readonly answers: ReadonlyMap<Ipv4, HardwareAddress | undefined>;
}

type Proposal = (search: Search) => Ipv4 | undefined;

/** RFC 2131 §4.3.1: a new address is looked for in this order; the client's current binding comes before all of them. */
const PROPOSALS: readonly Proposal[] = [asked, lastBinding, requested, hashed, longestFree, oldestOffer];

/** The first proposal that the client may have; undefined when the pools are full. */
export function findAddress(search: Search): Ipv4 | undefined {
  for (const propose of PROPOSALS) {
    const address = propose(search);
    if (address !== undefined) return address;
  }
  return undefined;
}

/** True if the address is in a pool of the subnet and neither taken nor on its way to somebody. */
export function isAvailable(address: Ipv4, search: Search): boolean {
  return (
    poolOf(search.subnet, address) !== undefined &&
    !search.leases.isInFlight(address) &&
    !isTaken(search.leases.at(address), search.client, search.now, search.trustsClock)
  );
}

/** An address that this client waited for, and that nobody else answered for. */
function asked(search: Search): Ipv4 | undefined {
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
 * The client's own place in the pool, so that it gets its old address back even from an empty store. Not another
 * client's last address: that one comes back for it, and there may be others that nobody has had.
 */
function hashed(search: Search): Ipv4 | undefined {
  const hash = hashOfClient(search.client);
  for (const pool of search.subnet.pools) {
    const address = addressAt(pool, hash % (pool.last - pool.first + 1));
    const standing = search.leases.at(address);
    const isNobodys = standing === undefined || standing.client === search.client;
    if (isNobodys && isAvailable(address, search)) return address;
  }
  return undefined;
}

function longestFree(search: Search): Ipv4 | undefined {
  return firstOf(search, (pool) => search.leases.longestFree(pool));
}

/** RFC 2131 §4.3.2: servers may reuse offered addresses; under pressure the oldest unanswered offer gives way. */
function oldestOffer(search: Search): Ipv4 | undefined {
  return firstOf(search, (pool) => search.leases.oldestOffer(pool)?.address);
}

function firstOf(search: Search, find: (pool: AddressRange) => Ipv4 | undefined): Ipv4 | undefined {
  for (const pool of search.subnet.pools) {
    const address = find(pool);
    if (address !== undefined) return address;
  }
  return undefined;
}
