import type { Instant, Lease } from '../lease/lease.ts';
import type { AddressRange, LeaseView } from '../lease/lease-view.ts';
import type { Claimant } from '../lease/reservation/reservation-view.ts';
import type { HardwareAddress } from '../net/hardware-address.ts';
import type { Ipv4 } from '../net/ipv4.ts';
import { mayHave } from '../subnet/may-have.ts';
import { currentAt, isTaken } from './availability.ts';
import { goesFirst } from './gateway-rank.ts';
import type { QuietView } from './quiet-view.ts';
import { isOfSilentPeer, longestLease, type PeerKnowledge } from './silent-peer.ts';

/** Who asks for an address, and what is known. */
export interface Search extends Claimant, PeerKnowledge {
  /** Option 50. */
  readonly requested: Ipv4 | undefined;
  readonly leases: LeaseView;
  /** A lease that ended after this time is still kept from others. */
  readonly reusableBefore: (lease: Lease | undefined) => Instant;
  /** False: it is not known how long ago a peer was heard. */
  readonly trustsClock: boolean;
  /** Under pressure an unanswered offer gives way after so long: milliseconds. */
  readonly offerReuseAfter: number;
  /** The gateway at the client's own host, which answers it first; undefined: none is known. */
  readonly hostGateway?: Ipv4 | undefined;
  /** Gateways that may serve here too and share nothing, also such as were not heard yet. Absent: there are none. */
  readonly firstGateways?: ReadonlySet<Ipv4> | undefined;
  /** The gateways that share the leases: what they listen on is no guest's. */
  readonly clusterPeers?: ReadonlySet<Ipv4> | undefined;
  /** It is free, but another one is better: it was offered to another client lately. */
  readonly isOfferedBeside: (address: Ipv4) => boolean;
  /** Those need not be asked for before they are offered. */
  readonly quiet: QuietView;
  /** Who answered by ARP for the addresses that were asked for. */
  readonly answers: ReadonlyMap<Ipv4, HardwareAddress | undefined>;
  /** Those that were asked for, and how weak the answer is, if it is; absent: none was. */
  readonly probes?: ReadonlyMap<Ipv4, { readonly weak?: 'once' | 'doubtful' | undefined }>;
}

export type Proposal = (search: Search) => Ipv4 | undefined;

/** True if the client may have the address, it is neither taken nor on its way to somebody, and no weak answer speaks against it. */
export function isAvailable(address: Ipv4, search: Search): boolean {
  return search.probes?.get(address)?.weak === undefined && isUntaken(address, search);
}

/** The same, whatever was answered for it: for a client that is to have this address and no other. */
export function isUntaken(address: Ipv4, search: Search): boolean {
  if (!isEntitled(address, search) || search.leases.isInFlight(address)) return false;
  const current = withoutVoidOffer(currentAt(search.leases, address, search.now), search);
  if (current !== undefined && isPerhapsPeers(current, search)) return false;
  if (current?.state === 'peer' && isLeftToReserved(current, search)) return true;
  return !isTaken(current, search.client, search.now, search.reusableBefore(current));
}

/**
 * The same, or the record below an offer to another client, if the address has been reserved since for this one, which is
 * entitled to it: the DHCPREQUEST for such an offer is refused.
 */
function withoutVoidOffer(current: Lease | undefined, { leases, client, subnet }: Search): Lease | undefined {
  const isOthersOffer = current?.state === 'offered' && current.client !== client;
  if (!isOthersOffer || subnet.reservations.at(current.address) === undefined) return current;
  return leases.recordAt(current.address);
}

/**
 * What another gateway is known to have given of an address that is reserved for this client. Its lease there has no end that is
 * known here, but it is not extended any more: each gateway has the reservation too. So it goes to this client as if nothing
 * else were left, and at the latest when it has been reserved for as long as a lease can last. ARP has to show nobody there.
 */
function isLeftToReserved(peers: Lease, search: Search): boolean {
  const { subnet, now, trustsClock } = search;
  const { address } = peers;
  const reservation = subnet.reservations.at(address);
  if (!trustsClock || reservation === undefined || !isEntitled(address, search)) return false;
  if (isOfSilentPeer(peers, search)) return true;
  const since = Math.max(reservation.updatedAt, peers.updatedAt, search.listeningSince);
  return now - since >= longestLease(subnet);
}

/**
 * Another client's lease or quarantine that has run out here while other gateways are heard: one of them may have extended it.
 * The sweep makes it a lapsed one, which is given away last.
 */
export function isPerhapsPeers({ state, client }: Lease, search: Search): boolean {
  return search.peers.size > 0 && client !== search.client && (state === 'bound' || state === 'declined');
}

function isEntitled(address: Ipv4, search: Search): boolean {
  return mayHave(search.subnet, search, address) === 'lease' && search.clusterPeers?.has(address) !== true;
}

/** The same of an address that no other client was offered lately. */
export function isOpen(address: Ipv4, search: Search): boolean {
  return isAvailable(address, search) && !search.isOfferedBeside(address);
}

export function freeLongest(pool: AddressRange, search: Search): Ipv4 | undefined {
  return search.leases.longestFree(pool, weakBeside(search));
}

/** What the other gateways listen on, and addresses with weak answers. */
function weakBeside({ probes, clusterPeers }: Search): ReadonlySet<Ipv4> | undefined {
  if (probes === undefined || probes.size === 0) return clusterPeers;
  const except = new Set(clusterPeers);
  for (const [address, { weak }] of probes) if (weak !== undefined) except.add(address);
  return except;
}

/** What is found in the first of the pools that has it. */
export function firstIn(
  search: Pick<Search, 'subnet'>,
  find: (pool: AddressRange) => Ipv4 | undefined,
): Ipv4 | undefined {
  for (const pool of search.subnet.pools) {
    const address = find(pool);
    if (address !== undefined) return address;
  }
  return undefined;
}

/** True if no other gateway goes first for the address, of those that share nothing with this one. */
export function isOwnFirst(address: Ipv4, { self, peers, firstGateways }: Search): boolean {
  if (peers.size > 0 && !goesFirst(self, address, peers.keys())) return false;
  return firstGateways === undefined || firstGateways.size === 0 || goesFirst(self, address, firstGateways);
}
