import type { HardwareAddress } from '../net/hardware-address.ts';
import type { Ipv4 } from '../net/ipv4.ts';
import type { ClientKey } from './client-key.ts';
import type { Instant, Lease, LeaseRecord, LeaseState, Version } from './lease.ts';
import type { ReservationWrite } from './reservation/reservation.ts';

/** A range of addresses, both ends included, less those that are never given out, to nobody. Two of one value are one range. */
export interface AddressRange {
  readonly first: Ipv4;
  readonly last: Ipv4;
  readonly excluded: ReadonlySet<Ipv4>;
}

/**
 * The use of an address. unused: it has no record. peer: another gateway granted it. lapsed: a lease of this gateway that has
 * run out, and that another gateway may have extended. reserved: for a client, and not taken. taken, declined and reserved
 * addresses are in no order of addresses to give away.
 */
export type AddressUse =
  | 'unused'
  | 'free'
  | 'offered'
  | 'lapsed'
  | 'peer'
  | 'taken'
  | 'declined'
  | 'reserved';

/** How many addresses of a range have each use. */
export type Occupancy = Readonly<Record<AddressUse, number>>;

/** What the engine may read of the store: committed leases, and offers. */
export interface LeaseView {
  /** The newest version known here. */
  readonly revision: Version;
  /** False: nothing new may be promised now (no quorum, disk full). */
  readonly canPromise: boolean;
  /** The client's binding, present or last: a record `at` whose address this client is the holder or last holder. */
  bindingOf(client: ClientKey): Lease | undefined;
  /**
   * The bound records, over or not, that name a network card, under whatever client identifiers but `except`: some 64 at
   * most, the first ones that it got. For a card that has an address.
   */
  leasesOf(hardware: HardwareAddress, except?: ClientKey): readonly Lease[];
  /** The address on offer to the client; it may have expired. */
  offerTo(client: ClientKey): Lease | undefined;
  /** What was written last at an address: an offer if there is one (it may have expired), else the record, else undefined. */
  at(address: Ipv4): Lease | undefined;
  /** The committed record of an address, whatever is on offer there. */
  recordAt(address: Ipv4): Lease | undefined;
  /**
   * Until when the lease at an address was promised at the least; where leases are shared that may be less than for how
   * long it is kept from others, which `expiresAt` says.
   */
  promisedUntil(address: Ipv4): Instant;
  /** True while a change of this address is under way, or a client waits for it. */
  isInFlight(address: Ipv4): boolean;
  /** How many addresses are in flight, wherever they are. */
  readonly inFlightCount: number;
  /** True while a change that would end the lease of this address has been sent to etcd, and its outcome is unknown. */
  mayBeLost(address: Ipv4): boolean;
  /**
   * The address of the range that has been free longest, never used ones first in ascending order; O(1). Never one
   * on offer, in flight, bound, in quarantine, or reserved for a client. A lease that has run out counts once the sweep has
   * freed it.
   *
   * @param except Others that are passed over: a few.
   */
  longestFree(range: AddressRange, except?: ReadonlySet<Ipv4>): Ipv4 | undefined;
  /** How many addresses of the range nobody holds, and how many of those are on offer; O(1). */
  room(range: AddressRange): { readonly free: number; readonly offered: number };
  /** The oldest offer in the range that is not in flight, nor of a reserved address; O(1). `except`: as above. */
  oldestOffer(range: AddressRange, except?: ReadonlySet<Ipv4>): Lease | undefined;
  /**
   * Of the records in the range that other gateways granted, the one heard of longest ago that is as wanted and not in
   * flight, nor of a reserved address. Looks at a bounded number.
   */
  oldestPeer(range: AddressRange, isWanted: (lease: Lease) => boolean): Lease | undefined;
  /**
   * The leases that run, of addresses as wanted. It looks at every record: for the start, and for no message.
   *
   * @param from With `to`: only at records `from` to `to`, less one, of as many as there are.
   */
  running(now: Instant, isWanted: (address: Ipv4) => boolean, from?: number, to?: number): readonly Lease[];
}

/** Counts for status, health and metrics. */
export interface LeaseCounts {
  /** Committed records by state, and offers; O(1). */
  countByState(): Readonly<Record<LeaseState, number>>;
  /** How many bound records name this port of a bridge; O(1). */
  leasesAt(port: string): number;
  /** How the addresses of a range are used; O(1). */
  occupancy(range: AddressRange): Occupancy;
  /** The records of state 'peer'. Looks at every record: for the start, and for no message. */
  peerRecords(): Iterable<Lease>;
  /** True if a network card has a lease, given here or by a gateway that was heard. Looks at every record: for no message. */
  hasGuest(hardware: HardwareAddress): boolean;
}

export interface LeaseWrite {
  readonly address: Ipv4;
  /** The version of `at(address)` that this write rests on; 0: there was no record. */
  readonly expectedVersion: Version;
  /** 'precondition-only': the expected version is compared, and nothing is written. */
  readonly next: LeaseRecord | 'precondition-only';
}

/** Who has ordered a change from outside, and why, in words of their own. */
export interface OrderedBy {
  readonly author: string;
  readonly note?: string;
}

/** Writes that happen together or not at all. */
export interface LeaseChange {
  /**
   * binding: must be durable before its reply leaves. offer: an offer made, in memory; or one withdrawn (next.state
   * 'free'). check: writes nothing, only compares.
   */
  readonly kind: 'binding' | 'offer' | 'check';
  readonly client: ClientKey;
  /** The version of `bindingOf(client)` that this change rests on; 0: the client had none. */
  readonly expectedBindingVersion: Version;
  readonly writes: readonly LeaseWrite[];
  /**
   * Reservations that are written. Then no lease is: `writes` has preconditions alone, of the addresses that are reserved, so
   * that none is granted meanwhile. Absent: none.
   */
  readonly reservations?: readonly ReservationWrite[];
  /** When it was decided. */
  readonly at: Instant;
  /** Why: a member of the engine's Reason; it becomes the history row. */
  readonly reason: string;
  /** Absent: no order from outside. */
  readonly by?: OrderedBy;
}
