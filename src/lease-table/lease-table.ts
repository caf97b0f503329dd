import { type ClientKey, ethernetOf, keyOfEthernet, NOBODY } from '../lease/client-key.ts';
import {
  INFINITE_SECONDS,
  type Instant,
  type Lease,
  type LeaseRecord,
  type LeaseState,
  type Version,
} from '../lease/lease.ts';
import { CLOCK_TOLERANCE, hasRunOut } from '../lease/lease-end.ts';
import type {
  AddressRange,
  LeaseChange,
  LeaseCounts,
  LeaseView,
  LeaseWrite,
  Occupancy,
} from '../lease/lease-view.ts';
import { idsAfter } from '../lease/outside-ids.ts';
import { type HardwareAddress, NO_HARDWARE } from '../net/hardware-address.ts';
import { type Ipv4, UNSPECIFIED } from '../net/ipv4.ts';
import { CardIndex } from './card-index.ts';
import { ClientIndex } from './client-index.ts';
import { LeaseColumns, type LeaseReckoning } from './lease-columns.ts';
import { Offers } from './offers.ts';
import { RangeOrders } from './range-orders.ts';

/** How many records one sweep looks at. */
const SWEEP_STEPS = 4096;
/** How many records of other gateways one search looks at. */
const PEER_STEPS = 256;
const NO_ADDRESSES: ReadonlySet<Ipv4> = new Set();

/**
 * offers: holds the address in memory. withdraws: ends the offer there, what is recorded beneath it stays: also a
 * binding's write that frees an address which its client was only offered. records: becomes the address's record.
 */
export type WriteEffect = 'none' | 'offers' | 'withdraws' | 'records';

/**
 * Committed leases by address and by client, and over them the offers. Its store is the only writer. Ranges that are
 * asked about may not overlap: asking about one forgets the order of those that it overlaps.
 */
export class LeaseTable implements LeaseView, LeaseCounts {
  /** Set by the store. */
  canPromise = true;
  mayBeLost: LeaseView['mayBeLost'] = () => false;
  #revision: Version = 0;
  readonly #inFlight: ReadonlySet<Ipv4>;
  readonly #records: LeaseColumns;
  readonly #clients: ClientIndex;
  readonly #cards: CardIndex;
  readonly #offers: Offers;
  readonly #orders: RangeOrders;
  /** The slot where the next sweep begins. */
  #cursor = 0;

  /**
   * `inFlight`: the addresses of changes under way and of clients that wait; the exchange's, read here. `seed`: a whole
   * number that no client can know, so that none can slow down the search for clients. `reckoning`: absent: records end
   * when they say.
   */
  constructor(inFlight: ReadonlySet<Ipv4>, seed: number, reckoning?: LeaseReckoning) {
    this.#inFlight = inFlight;
    this.#records = new LeaseColumns(reckoning);
    this.#clients = new ClientIndex(this.#records, seed);
    this.#cards = new CardIndex(this.#records, seed);
    this.#offers = new Offers((client) => this.#clients.hashOf(client));
    this.#orders = new RangeOrders({ records: this.#records, offers: this.#offers });
  }

  get revision(): Version {
    return this.#revision;
  }

  /** How many records there are, in whatever state. */
  get size(): number {
    return this.#records.size;
  }

  bindingOf(client: ClientKey): Lease | undefined {
    const slot = this.#clients.slotOf(client);
    return slot < 0 ? undefined : this.#records.lease(slot);
  }

  leasesOf(hardware: HardwareAddress, except = NOBODY): readonly Lease[] {
    const leases: Lease[] = [];
    const add = (slot: number) => {
      if (!this.#records.names(slot, except)) leases.push(this.#records.lease(slot));
    };
    // The card's own address is found as the key that it is; most clients ask under that, and have nothing else.
    const slot = ethernetOf(except) === hardware ? -1 : this.#clients.slotOf(keyOfEthernet(hardware));
    const isBound = slot >= 0 && this.#records.stateAt(slot) === 'bound';
    if (isBound && this.#records.hardwareAt(slot) === hardware) add(slot);
    for (const each of this.#cards.slotsOf(hardware)) add(each);
    return leases;
  }

  offerTo(client: ClientKey): Lease | undefined {
    return this.#offers.to(client);
  }

  at(address: Ipv4): Lease | undefined {
    return this.#offers.at(address) ?? this.recordAt(address);
  }

  /** The committed record, whatever is on offer. */
  recordAt(address: Ipv4): Lease | undefined {
    const slot = this.#records.slotOf(address);
    return slot < 0 ? undefined : this.#records.lease(slot);
  }

  promisedUntil(address: Ipv4): Instant {
    const slot = this.#records.slotOf(address);
    return slot < 0 ? (0 as Instant) : this.#records.promisedUntil(slot);
  }

  /** False: the record ends when it says. */
  isReckoned(address: Ipv4): boolean {
    const slot = this.#records.slotOf(address);
    return slot >= 0 && this.#records.isReckoned(slot);
  }

  /** The committed record as it was written, whenever it ends by this gateway's reckoning. */
  storedAt(address: Ipv4): Lease | undefined {
    const slot = this.#records.slotOf(address);
    return slot < 0 ? undefined : this.#records.stored(slot);
  }

  /** All committed records as they were written, in no order. Nothing may be written meanwhile. */
  *records(): Generator<Lease> {
    for (let slot = 0; slot < this.#records.size; slot += 1) yield this.#records.stored(slot);
  }

  countByState(): Readonly<Record<LeaseState, number>> {
    return { ...this.#records.countByState(), offered: this.#offers.size };
  }

  granters(): ReadonlySet<Ipv4> {
    const granters = new Set<Ipv4>();
    for (let slot = 0; slot < this.#records.size; slot += 1) {
      if (this.#records.stateAt(slot) === 'peer') granters.add(this.#records.granterAt(slot));
    }
    return granters;
  }

  hasGuest(hardware: HardwareAddress): boolean {
    for (let slot = 0; slot < this.#records.size; slot += 1) {
      if (this.#records.hardwareAt(slot) !== hardware) continue;
      const state = this.#records.stateAt(slot);
      if (state === 'bound' || state === 'peer') return true;
    }
    return false;
  }

  running(
    now: Instant,
    isWanted: (address: Ipv4) => boolean,
    from = 0,
    to = Number.POSITIVE_INFINITY,
  ): readonly Lease[] {
    return this.#records.running(now, isWanted, from, to);
  }

  isInFlight(address: Ipv4): boolean {
    return this.#inFlight.has(address);
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  longestFree(range: AddressRange, except = NO_ADDRESSES): Ipv4 | undefined {
    return this.#orders.of(range).longestFree((each) => this.#inFlight.has(each) || except.has(each));
  }

  room(range: AddressRange): { readonly free: number; readonly offered: number } {
    const order = this.#orders.of(range);
    const offered = order.count('offered');
    return { free: order.count('unused') + order.count('free') + offered, offered };
  }

  /** Counts that are kept; O(1). */
  occupancy(range: AddressRange): Occupancy {
    return this.#orders.of(range).occupancy;
  }

  oldestOffer(range: AddressRange, except = NO_ADDRESSES): Lease | undefined {
    const isBarred = (each: Ipv4) => this.#inFlight.has(each) || except.has(each);
    const address = this.#orders.of(range).oldestOffer(isBarred);
    return address === undefined ? undefined : this.#offers.at(address);
  }

  oldestPeer(range: AddressRange, isWanted: (lease: Lease) => boolean): Lease | undefined {
    let steps = 0;
    for (const address of this.#orders.of(range).peers()) {
      steps += 1;
      if (steps > PEER_STEPS) return undefined;
      const lease = this.recordAt(address);
      if (lease !== undefined && !this.#inFlight.has(address) && isWanted(lease)) return lease;
    }
    return undefined;
  }

  /** A bounded piece of the work before these ranges are asked about, which may overlap others; true: nothing is left. */
  prepare(ranges: readonly AddressRange[]): boolean {
    return this.#orders.prepare(ranges);
  }

  /** Keeps an address out of every order of free ones, for whoever it is reserved for; O(1). */
  reserve(address: Ipv4): void {
    this.#orders.reserve(address);
  }

  /** Puts it back where it belongs, as the newest there; O(1). */
  unreserve(address: Ipv4): void {
    this.#orders.unreserve(address);
  }

  /** True if anything that the change rests on has moved. */
  conflicts(change: LeaseChange): boolean {
    const binding = this.#clients.slotOf(change.client);
    if ((binding < 0 ? 0 : this.#records.versionAt(binding)) !== change.expectedBindingVersion) return true;
    for (const write of change.writes)
      if (this.#versionAt(write.address) !== write.expectedVersion) return true;
    return false;
  }

  /** What a write does, as long as nothing that it rests on has moved. */
  effectOf(change: LeaseChange, write: LeaseWrite): WriteEffect {
    if (write.next === 'precondition-only') return 'none';
    if (write.next.state === 'offered') return 'offers';
    if (change.kind === 'offer') return 'withdraws';
    if (write.next.state !== 'free' || this.#offers.at(write.address) === undefined) return 'records';
    const slot = this.#records.slotOf(write.address);
    const isHolders =
      slot >= 0 && this.#records.stateAt(slot) !== 'free' && this.#records.names(slot, write.next.client);
    return isHolders ? 'records' : 'withdraws';
  }

  /** Takes over a change that was compared and, where it records, is durable; all it writes gets `version`. */
  apply(change: LeaseChange, version: Version = this.#revision + 1): void {
    for (const write of change.writes) {
      const effect = this.effectOf(change, write);
      if (effect === 'none' || write.next === 'precondition-only') continue;
      if (effect === 'withdraws') this.#withdraw(write.address);
      else if (effect === 'offers') this.#offer(leaseOf(write.address, write.next, change.at, version));
      else this.#record(this.#recordOf(write.address, write.next, change.at, version));
      if (version > this.#revision) this.#revision = version;
    }
  }

  /**
   * Puts a record that is durable already: at start, or from another gateway. `isEarlier`: an earlier process of this one
   * has written it.
   */
  load(lease: Lease, isEarlier = false): void {
    this.#record(lease, isEarlier);
    if (lease.version > this.#revision) this.#revision = lease.version;
  }

  /** Puts the first records of all, durable already, each with an address of its own; faster than one by one. */
  fill(leases: Iterable<Lease>): void {
    this.#clients.fill(leases);
    for (let slot = 0; slot < this.#records.size; slot += 1) {
      this.reached(this.#records.versionAt(slot));
      this.#cards.move(slot, NO_HARDWARE, this.#records.cardAt(slot));
    }
  }

  /** Puts an offer that another gateway may have made. */
  loadOffer(offer: Lease): void {
    this.#offer(offer);
    this.reached(offer.version);
  }

  /** Ends the offer at an address, if there is one. */
  withdrawOffer(address: Ipv4): void {
    this.#withdraw(address);
  }

  /** The store counts anew from here: it has begun another life. */
  countFrom(revision: Version): void {
    this.#revision = revision;
  }

  /** So much is known here, whatever it was about. */
  reached(revision: Version): void {
    if (revision > this.#revision) this.#revision = revision;
  }

  /**
   * Drops offers that have run out, and returns at most `limit` bound or declined records that are over, none on offer
   * or in flight. Looks at a bounded number of them; each call goes on where the last one ended.
   *
   * @param isOver Asked of what has run out, and of what ends later than its length allows.
   */
  sweep(now: Instant, limit: number, isOver = hasRunOut(now)): readonly Lease[] {
    for (const offer of this.#offers.expired(now, SWEEP_STEPS)) {
      if (!this.#inFlight.has(offer.address)) this.#withdraw(offer.address);
    }
    const expired: Lease[] = [];
    for (let step = 0; step < SWEEP_STEPS && expired.length < limit; step += 1) {
      if (this.#cursor >= this.#records.size) {
        this.#cursor = 0;
        break;
      }
      const slot = this.#cursor;
      this.#cursor += 1;
      if (this.#records.expiresAt(slot) > now && !this.#isFarAhead(slot, now)) continue;
      const state = this.#records.stateAt(slot);
      const address = this.#records.addressAt(slot);
      if (state !== 'bound' && state !== 'declined') continue;
      if (this.#offers.at(address) !== undefined || this.#inFlight.has(address)) continue;
      const lease = this.#records.lease(slot);
      if (isOver(lease)) expired.push(lease);
    }
    return expired;
  }

  /** Of a lease whose length is not known, nearly all of which are from an older version, it is seen when it is made. */
  #isFarAhead(slot: number, now: Instant): boolean {
    const seconds = this.#records.leaseSecondsAt(slot);
    if (seconds === INFINITE_SECONDS) return false;
    return this.#records.expiresAt(slot) - now > seconds * 1000 + CLOCK_TOLERANCE;
  }

  #offer(offer: Lease): void {
    const gone = this.#offers.put(offer);
    if (gone !== undefined) this.#orders.changed(gone.address);
    this.#orders.changed(offer.address);
  }

  #withdraw(address: Ipv4): void {
    if (this.#offers.drop(address)) this.#orders.changed(address);
  }

  #recordOf(address: Ipv4, next: LeaseRecord, at: Instant, version: Version): Lease {
    const lease = leaseOf(address, next, at, version);
    if (next.ids === undefined && !this.#records.hasIds) return lease;
    return { ...lease, ids: idsAfter(next, this.recordAt(address)) };
  }

  /** A record ends the offer at its address. */
  #record(lease: Lease, isEarlier = false): void {
    this.#offers.drop(lease.address);
    const known = this.#records.slotOf(lease.address);
    const slot = known < 0 ? this.#records.add(lease.address) : known;
    const before = this.#records.cardAt(slot);
    this.#clients.put(slot, lease, known < 0, isEarlier);
    this.#cards.move(slot, before, this.#records.cardAt(slot));
    this.#orders.changed(lease.address);
  }

  /** Of what stands at an address; 0: nothing. */
  #versionAt(address: Ipv4): Version {
    const offer = this.#offers.at(address);
    if (offer !== undefined) return offer.version;
    const slot = this.#records.slotOf(address);
    return slot < 0 ? 0 : this.#records.versionAt(slot);
  }
}

function leaseOf(address: Ipv4, next: LeaseRecord, updatedAt: Instant, version: Version): Lease {
  const { client, hardware, granter = UNSPECIFIED, state, expiresAt, leaseSeconds = 0, ids } = next;
  return { address, client, hardware, granter, state, expiresAt, updatedAt, leaseSeconds, version, ids };
}
