import { type ClientKey, ethernetOf, keyOfEthernet } from '../lease/client-key.ts';
import type { Instant, Lease, LeaseState, OutsideIds, Version } from '../lease/lease.ts';
import { LEASE_STATES } from '../lease/lease-fields.ts';
import { type HardwareAddress, NO_HARDWARE } from '../net/hardware-address.ts';
import { hashOfAddress, type Ipv4 } from '../net/ipv4.ts';
import type { LeaseEndEstimator } from './lease-end-estimator.ts';
import { PortCounts } from './port-counts.ts';
import { SlotIndex } from './slot-index.ts';

/** Slots that have their columns in one chunk, a power of two. The table grows by a chunk, and copies nothing. */
const CHUNK = 4096;
const CHUNK_BITS = 12;

/**
 * Records in columns of numbers, one slot for each: a third of the memory of as many objects, and nothing for the garbage
 * collector to walk through. A slot is never freed, since records are never deleted. A Lease object is made when it is asked
 * for. Reading and writing are written out, field by field, since every message waits for them; the compiler and a test
 * compare them with LEASE_FIELDS.
 */
export class LeaseColumns {
  #size = 0;
  readonly #chunks: Chunk[] = [];
  readonly #estimator: LeaseEndEstimator | undefined;
  readonly #byAddress = new SlotIndex();
  /** How many records there are of each of LEASE_STATES. */
  readonly #counts = new Uint32Array(LEASE_STATES.length);
  /** The ids of the few records that have any, by slot. */
  readonly #ids = new Map<number, OutsideIds>();
  /** Of the records that name a port. */
  readonly ports = new PortCounts();
  /** The key that was asked about or made last, and its hardware address: one decision asks for the same key again. */
  #lastClient = '' as ClientKey;
  #lastEthernet: HardwareAddress = NO_HARDWARE;

  /** Without an estimator each record ends at its `expiresAt`. */
  constructor(estimator?: LeaseEndEstimator) {
    this.#estimator = estimator;
  }

  /** How many slots are used: 0 to size - 1. */
  get size(): number {
    return this.#size;
  }

  /** The slot of an address; -1: it has no record. */
  slotOf(address: Ipv4): number {
    return this.#byAddress.at(this.#byAddress.find(hashOfAddress(address)));
  }

  addressAt(slot: number): Ipv4 {
    return (this.#chunks[slot >>> CHUNK_BITS]?.addresses[(slot & (CHUNK - 1)) * 3] ?? 0) as Ipv4;
  }

  granterAt(slot: number): Ipv4 {
    return (this.#chunks[slot >>> CHUNK_BITS]?.addresses[(slot & (CHUNK - 1)) * 3 + 1] ?? 0) as Ipv4;
  }

  clientAt(slot: number): ClientKey {
    const { clients, rest } = this.#chunkOf(slot);
    const row = slot & (CHUNK - 1);
    const kept = clients[row];
    if (kept !== undefined) return kept;
    const hardware = (rest[row * 4 + 3] ?? 0) as HardwareAddress;
    if (hardware !== this.#lastEthernet) {
      this.#lastClient = keyOfEthernet(hardware);
      this.#lastEthernet = hardware;
    }
    return this.#lastClient;
  }

  /** True if the record in a slot names the client. */
  names(slot: number, client: ClientKey): boolean {
    const { clients, rest } = this.#chunkOf(slot);
    const row = slot & (CHUNK - 1);
    const kept = clients[row];
    if (kept !== undefined) return kept === client;
    return rest[row * 4 + 3] === this.#ethernetOf(client);
  }

  hardwareAt(slot: number): HardwareAddress {
    return (this.#chunks[slot >>> CHUNK_BITS]?.rest[(slot & (CHUNK - 1)) * 4 + 3] ?? 0) as HardwareAddress;
  }

  /** The card of a bound record that the card's own key does not find; NO_HARDWARE: the key finds it, or it is not bound. */
  cardAt(slot: number): HardwareAddress {
    const isNamed = this.#chunks[slot >>> CHUNK_BITS]?.clients[slot & (CHUNK - 1)] !== undefined;
    return isNamed && this.stateAt(slot) === 'bound' ? this.hardwareAt(slot) : NO_HARDWARE;
  }

  stateAt(slot: number): LeaseState {
    return LEASE_STATES[this.#chunks[slot >>> CHUNK_BITS]?.states[slot & (CHUNK - 1)] ?? 0] ?? 'free';
  }

  versionAt(slot: number): Version {
    return this.#chunks[slot >>> CHUNK_BITS]?.rest[(slot & (CHUNK - 1)) * 4] ?? 0;
  }

  expiresAt(slot: number): Instant {
    if (this.#estimator !== undefined) return this.#estimator.endOf(this.stored(slot), this.#knownAt(slot));
    return (this.#chunks[slot >>> CHUNK_BITS]?.rest[(slot & (CHUNK - 1)) * 4 + 1] ?? 0) as Instant;
  }

  /** The length of the lease in seconds; 0: it is not known. */
  leaseSecondsAt(slot: number): number {
    return this.#chunks[slot >>> CHUNK_BITS]?.addresses[(slot & (CHUNK - 1)) * 3 + 2] ?? 0;
  }

  /** False: no record has ids. */
  get hasIds(): boolean {
    return this.#ids.size > 0;
  }

  idsAt(slot: number): OutsideIds | undefined {
    return this.hasIds ? this.#ids.get(slot) : undefined;
  }

  lease(slot: number): Lease {
    const lease = this.stored(slot);
    if (this.#estimator === undefined) return lease;
    return { ...lease, expiresAt: this.#estimator.endOf(lease, this.#knownAt(slot)) };
  }

  /** True if its end is computed; false: the record ends at its `expiresAt`. */
  hasEstimatedEnd(slot: number): boolean {
    return this.#estimator?.counts(this.granterAt(slot), this.#knownAt(slot)) === true;
  }

  /** Until when at least the lease was promised. */
  promisedUntil(slot: number): Instant {
    const lease = this.stored(slot);
    const writtenAfter = this.#chunkOf(slot).writtenAfter?.[slot & (CHUNK - 1)] ?? 0;
    return this.#estimator?.promisedUntil(lease, this.#knownAt(slot), writtenAfter) ?? lease.expiresAt;
  }

  /** The record as it was written. */
  stored(slot: number): Lease {
    const { addresses, rest } = this.#chunkOf(slot);
    const row = slot & (CHUNK - 1);
    return {
      address: (addresses[row * 3] ?? 0) as Ipv4,
      client: this.clientAt(slot),
      hardware: (rest[row * 4 + 3] ?? 0) as HardwareAddress,
      granter: (addresses[row * 3 + 1] ?? 0) as Ipv4,
      state: this.stateAt(slot),
      expiresAt: (rest[row * 4 + 1] ?? 0) as Instant,
      updatedAt: (rest[row * 4 + 2] ?? 0) as Instant,
      leaseSeconds: addresses[row * 3 + 2] ?? 0,
      version: rest[row * 4] ?? 0,
      ids: this.idsAt(slot),
    };
  }

  /** The leases that run, of the wanted addresses, in slots `from` to `to` - 1. */
  running(now: Instant, isWanted: (address: Ipv4) => boolean, from: number, to: number): readonly Lease[] {
    const found: Lease[] = [];
    for (let slot = from; slot < Math.min(this.#size, to); slot += 1) {
      const runs = this.stateAt(slot) === 'bound' && this.expiresAt(slot) > now;
      if (runs && isWanted(this.addressAt(slot))) found.push(this.lease(slot));
    }
    return found;
  }

  /** True if a network card has a lease, given here or by another gateway. It looks at every record. */
  hasGuest(hardware: HardwareAddress): boolean {
    for (let slot = 0; slot < this.#size; slot += 1) {
      if (this.hardwareAt(slot) !== hardware) continue;
      const state = this.stateAt(slot);
      if (state === 'bound' || state === 'peer') return true;
    }
    return false;
  }

  /** The counts are kept up to date by every write. */
  countByState(): Readonly<Record<LeaseState, number>> {
    const [free = 0, offered = 0, bound = 0, declined = 0, peer = 0] = this.#counts;
    return { free, offered, bound, declined, peer };
  }

  /** Takes a slot for an address that has none. */
  add(address: Ipv4): number {
    const slot = this.#take(address);
    this.#byAddress.add(slot, hashOfAddress(address));
    return slot;
  }

  /** Writes the first records, each with an address of its own. They are found when all are written. `seen` gets each. */
  fill(leases: Iterable<Lease>, seen: (lease: Lease) => void): void {
    for (const lease of leases) {
      this.put(this.#take(lease.address), lease);
      seen(lease);
    }
    const hashes = new Int32Array(this.#size);
    for (let slot = 0; slot < this.#size; slot += 1) hashes[slot] = hashOfAddress(this.addressAt(slot));
    this.#byAddress.fill(hashes);
  }

  /** Writes a record over the one in its slot. `isEarlier`: an earlier process of this gateway has written it. */
  put(slot: number, lease: Lease, isEarlier = false): void {
    const { addresses, states, rest, clients } = this.#chunkOf(slot);
    const row = slot & (CHUNK - 1);
    this.#noteKnown(slot, lease, isEarlier);
    addresses[row * 3 + 1] = lease.granter;
    addresses[row * 3 + 2] = lease.leaseSeconds;
    const before = states[row] ?? 0;
    const now = LEASE_STATES.indexOf(lease.state);
    states[row] = now;
    this.#counts[before] = (this.#counts[before] ?? 0) - 1;
    this.#counts[now] = (this.#counts[now] ?? 0) + 1;
    rest[row * 4] = lease.version;
    rest[row * 4 + 1] = lease.expiresAt;
    rest[row * 4 + 2] = lease.updatedAt;
    rest[row * 4 + 3] = lease.hardware;
    const isOfHardware = lease.hardware !== NO_HARDWARE && this.#ethernetOf(lease.client) === lease.hardware;
    clients[row] = isOfHardware ? undefined : lease.client;
    if (this.hasIds) this.ports.add(LEASE_STATES[before] ?? 'free', this.#ids.get(slot), -1);
    this.ports.add(lease.state, lease.ids, 1);
    if (lease.ids !== undefined) this.#ids.set(slot, lease.ids);
    else if (this.hasIds) this.#ids.delete(slot);
  }

  /** Call it before the record is written over the one in its slot. */
  #noteKnown(slot: number, lease: Lease, isEarlier: boolean): void {
    const { knownAt, writtenAfter } = this.#chunkOf(slot);
    if (knownAt === undefined || writtenAfter === undefined || this.#estimator === undefined) return;
    if (isSame(this.stored(slot), lease)) return;
    knownAt[slot & (CHUNK - 1)] = this.#estimator.now(isEarlier);
    writtenAfter[slot & (CHUNK - 1)] = this.#estimator.writtenAfter();
  }

  #knownAt(slot: number): number {
    return this.#chunkOf(slot).knownAt?.[slot & (CHUNK - 1)] ?? 0;
  }

  #ethernetOf(client: ClientKey): HardwareAddress {
    if (client !== this.#lastClient) {
      this.#lastClient = client;
      this.#lastEthernet = ethernetOf(client);
    }
    return this.#lastEthernet;
  }

  #take(address: Ipv4): number {
    const slot = this.#size;
    if (slot === this.#chunks.length * CHUNK) this.#chunks.push(new Chunk(this.#estimator !== undefined));
    this.#size += 1;
    this.#counts[0] = (this.#counts[0] ?? 0) + 1; // The record that is written into it is counted then.
    this.#chunkOf(slot).addresses[(slot & (CHUNK - 1)) * 3] = address;
    return slot;
  }

  #chunkOf(slot: number): Chunk {
    const chunk = this.#chunks[slot >>> CHUNK_BITS];
    if (chunk === undefined) throw new Error('no such slot');
    return chunk;
  }
}

/** The columns of CHUNK records. What is read together is side by side, so that a lookup waits less for memory. */
class Chunk {
  /** Three of each: address, granter, leaseSeconds. */
  readonly addresses = new Uint32Array(CHUNK * 3);
  readonly states = new Uint8Array(CHUNK);
  /** Four of each: version, expiresAt, updatedAt, hardware. */
  readonly rest = new Float64Array(CHUNK * 4);
  /** Undefined where the key is made of the hardware address: a million texts are work for the garbage collector. */
  readonly clients: (ClientKey | undefined)[] = [];
  /** What the estimator's `now` returned when each record came; undefined: there is no estimator. */
  readonly knownAt: Uint32Array | undefined;
  /** And what its `writtenAfter` returned. */
  readonly writtenAfter: Uint32Array | undefined;

  constructor(notesKnown: boolean) {
    this.knownAt = notesKnown ? new Uint32Array(CHUNK) : undefined;
    this.writtenAfter = notesKnown ? new Uint32Array(CHUNK) : undefined;
  }
}

/** True if both are the same lease or quarantine. Its key may have been written again: for an offer over it, or by a merge. */
function isSame(one: Lease, other: Lease): boolean {
  return (
    one.client === other.client &&
    one.state === other.state &&
    one.granter === other.granter &&
    one.updatedAt === other.updatedAt &&
    one.expiresAt === other.expiresAt &&
    one.leaseSeconds === other.leaseSeconds
  );
}
