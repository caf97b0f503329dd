import { type ClientKey, ethernetOf, keyOfEthernet, NOBODY } from '../lease/client-key.ts';
import type { Instant, Lease, LeaseRecord, LeaseState, Version } from '../lease/lease.ts';
import { hasRunOut } from '../lease/lease-end.ts';
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
import { ChangeCheck, type WriteEffect } from './change-check.ts';
import { ClientIndex } from './client-index.ts';
import { LeaseColumns } from './lease-columns.ts';
import type { LeaseEndEstimator } from './lease-end-estimator.ts';
import { Offers } from './offers.ts';
import { RangeOrders } from './range-orders.ts';
import { Sweep } from './sweep.ts';

/** How many offers one sweep looks at. */
const SWEEP_STEPS = 4096;
/** How many records of other gateways one search looks at. */
const PEER_STEPS = 256;
const NO_ADDRESSES: ReadonlySet<Ipv4> = new Set();

/**
 * Committed leases by address and by client, and the offers over them. Only its store writes to it. Ranges that are asked
 * about must not overlap: a question about one drops the order of those that it overlaps.
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
  readonly #changes: ChangeCheck;
  readonly #sweep: Sweep;

  /**
   * @param inFlight The addresses of changes under way, and of clients that wait. The exchange changes this set.
   * @param seed A whole number that no client can know, so that no client can make hashes collide.
   * @param estimator Computes when records end; absent: each record ends at its `expiresAt`.
   */
  constructor(inFlight: ReadonlySet<Ipv4>, seed: number, estimator?: LeaseEndEstimator) {
    this.#inFlight = inFlight;
    this.#records = new LeaseColumns(estimator);
    this.#clients = new ClientIndex(this.#records, seed);
    this.#cards = new CardIndex(this.#records, seed);
    this.#offers = new Offers((client) => this.#clients.hashOf(client));
    const contents = { records: this.#records, offers: this.#offers };
    this.#orders = new RangeOrders(contents);
    this.#changes = new ChangeCheck(contents, this.#clients);
    this.#sweep = new Sweep(contents, inFlight);
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
    // Most clients have the card's own address as their key, and nothing else.
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

  recordAt(address: Ipv4): Lease | undefined {
    const slot = this.#records.slotOf(address);
    return slot < 0 ? undefined : this.#records.lease(slot);
  }

  promisedUntil(address: Ipv4): Instant {
    const slot = this.#records.slotOf(address);
    return slot < 0 ? (0 as Instant) : this.#records.promisedUntil(slot);
  }

  leasesAt = (port: string): number => this.#records.ports.of(port);

  /** True if the end of its record is computed; false: the record ends at its `expiresAt`. */
  hasEstimatedEnd(address: Ipv4): boolean {
    const slot = this.#records.slotOf(address);
    return slot >= 0 && this.#records.hasEstimatedEnd(slot);
  }

  /** The committed record as it was written, with the `expiresAt` of its writer. */
  storedAt(address: Ipv4): Lease | undefined {
    const slot = this.#records.slotOf(address);
    return slot < 0 ? undefined : this.#records.stored(slot);
  }

  /** All committed records as they were written, in no order. Nothing may be written to the table meanwhile. */
  *records(): Generator<Lease> {
    for (let slot = 0; slot < this.#records.size; slot += 1) yield this.#records.stored(slot);
  }

  countByState(): Readonly<Record<LeaseState, number>> {
    return { ...this.#records.countByState(), offered: this.#offers.size };
  }

  *peerRecords(): Generator<Lease> {
    for (let slot = 0; slot < this.#records.size; slot += 1)
      if (this.#records.stateAt(slot) === 'peer') yield this.#records.lease(slot);
  }

  hasGuest(hardware: HardwareAddress): boolean {
    return this.#records.hasGuest(hardware);
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

  get inFlightCount(): number {
    return this.#inFlight.size;
  }

  longestFree(range: AddressRange, except = NO_ADDRESSES): Ipv4 | undefined {
    return this.#orders.of(range).longestFree(this.#isBarred(except));
  }

  room(range: AddressRange): { readonly free: number; readonly offered: number } {
    const order = this.#orders.of(range);
    const offered = order.count('offered');
    return { free: order.count('unused') + order.count('free') + offered, offered };
  }

  occupancy(range: AddressRange): Occupancy {
    return this.#orders.of(range).occupancy;
  }

  oldestOffer(range: AddressRange, except = NO_ADDRESSES): Lease | undefined {
    const address = this.#orders.of(range).oldestOffer(this.#isBarred(except));
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

  prepare(ranges: readonly AddressRange[]): boolean {
    return this.#orders.prepare(ranges);
  }

  reserve(address: Ipv4): void {
    this.#orders.reserve(address);
  }

  unreserve(address: Ipv4): void {
    this.#orders.unreserve(address);
  }

  /** True if a version that the change expects has changed: it must be decided again. */
  conflicts(change: LeaseChange): boolean {
    return this.#changes.conflicts(change);
  }

  /** What a write of a change without conflicts does. */
  effectOf(change: LeaseChange, write: LeaseWrite): WriteEffect {
    return this.#changes.effectOf(change, write);
  }

  /** Applies a change without conflicts, whose records are durable. All that it writes gets `version`. */
  apply(change: LeaseChange, version: Version = this.#revision + 1): void {
    for (const write of change.writes) {
      const effect = this.effectOf(change, write);
      if (effect === 'none' || write.next === 'precondition-only') continue;
      if (effect === 'withdraws') this.withdrawOffer(write.address);
      else if (effect === 'offers') this.#offer(leaseOf(write.address, write.next, change.at, version));
      else this.#record(this.#recordOf(write.address, write.next, change.at, version));
      if (version > this.#revision) this.#revision = version;
    }
  }

  /** Adds a durable record: at the start, or from another gateway. `isEarlier`: as for `LeaseColumns.put`. */
  load(lease: Lease, isEarlier = false): void {
    this.#record(lease, isEarlier);
    if (lease.version > this.#revision) this.#revision = lease.version;
  }

  /** Fills an empty table with durable records, each with an address of its own. It is faster than `load` one by one. */
  fill(leases: Iterable<Lease>): void {
    this.#clients.fill(leases);
    for (let slot = 0; slot < this.#records.size; slot += 1) {
      this.reached(this.#records.versionAt(slot));
      this.#cards.move(slot, NO_HARDWARE, this.#records.cardAt(slot));
    }
  }

  /** Adds an offer that another gateway may have made. */
  loadOffer(offer: Lease): void {
    this.#offer(offer);
    this.reached(offer.version);
  }

  /** The shared store has a new generation: it counts from this revision on, and offers of before are void. */
  countFrom(revision: Version): void {
    for (const address of this.#offers.clear()) this.#orders.changed(address);
    this.#revision = revision;
  }

  /** The store has told this table all changes up to a revision. */
  reached(revision: Version): void {
    if (revision > this.#revision) this.#revision = revision;
  }

  /** Ends offers that have run out, and returns records that are over; `Sweep.next` says which. */
  sweep(now: Instant, limit: number, isOver = hasRunOut(now)): readonly Lease[] {
    for (const { address } of this.#offers.expired(now, SWEEP_STEPS))
      if (!this.#inFlight.has(address)) this.withdrawOffer(address);
    return this.#sweep.next(now, limit, isOver);
  }

  /** Ends the offer at an address, if there is one. */
  withdrawOffer(address: Ipv4): void {
    if (this.#offers.drop(address)) this.#orders.changed(address);
  }

  #isBarred(except: ReadonlySet<Ipv4>): (address: Ipv4) => boolean {
    return (address) => this.#inFlight.has(address) || except.has(address);
  }

  #offer(offer: Lease): void {
    const gone = this.#offers.put(offer);
    if (gone !== undefined) this.#orders.changed(gone.address);
    this.#orders.changed(offer.address);
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
}

function leaseOf(address: Ipv4, next: LeaseRecord, updatedAt: Instant, version: Version): Lease {
  const { client, hardware, granter = UNSPECIFIED, state, expiresAt, leaseSeconds = 0, ids } = next;
  return { address, client, hardware, granter, state, expiresAt, updatedAt, leaseSeconds, version, ids };
}
