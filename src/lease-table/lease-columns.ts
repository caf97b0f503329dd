import { type ClientKey, ethernetOf, keyOfEthernet } from '../lease/client-key.ts';
import type { Instant, Lease, LeaseState, OutsideIds, Version } from '../lease/lease.ts';
import { LEASE_STATES } from '../lease/lease-fields.ts';
import { type HardwareAddress, NO_HARDWARE } from '../net/hardware-address.ts';
import { hashOfAddress, type Ipv4 } from '../net/ipv4.ts';
import { SlotIndex } from './slot-index.ts';

/** So many slots, a power of two, have their columns together: more of them are had without copying those there are. */
const CHUNK = 4096;
const CHUNK_BITS = 12;

/** Tells when records end, where that is not by the wall clock that they were written by. */
export interface LeaseReckoning {
  /**
   * The monotonic time, in units of its own. `isEarlier`: of a record that an earlier process of this gateway has written,
   * though this one learns of it only now.
   */
  now(isEarlier: boolean): number;
  /** `knownAt`: what `now` said when the record became known as it is. */
  endOf(lease: Lease, knownAt: number): Instant;
  /** False for what ends when it says. */
  counts(granter: Ipv4, knownAt: number): boolean;
  /** Until when the holder was promised it at the least. */
  promisedUntil(lease: Lease, knownAt: number): Instant;
}

/**
 * Records in columns of numbers, one slot each: a third of the memory of as many objects, and nothing for the garbage
 * collector to walk through. A slot is never given up, since records are never deleted; a Lease is made when it is asked
 * for. What writes and reads them is written out, since every message waits for it: the compiler and a test compare it
 * with LEASE_FIELDS.
 */
export class LeaseColumns {
  #size = 0;
  readonly #chunks: Chunk[] = [];
  readonly #reckoning: LeaseReckoning | undefined;
  readonly #byAddress = new SlotIndex();
  /** How many records there are of each of LEASE_STATES. */
  readonly #counts = new Uint32Array(LEASE_STATES.length);
  /** Of the few records that have some, by slot. */
  readonly #ids = new Map<number, OutsideIds>();
  /** The key that was asked about or made last, and what it is made of: one decision asks for the same ones again. */
  #lastClient = '' as ClientKey;
  #lastEthernet: HardwareAddress = NO_HARDWARE;

  /** Without a reckoning a record ends when it says. */
  constructor(reckoning?: LeaseReckoning) {
    this.#reckoning = reckoning;
  }

  /** How many slots are used: 0 to size - 1. */
  get size(): number {
    return this.#size;
  }

  /** -1: there is no record. */
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

  /** The card of a bound record whose client's key is not the card's address alone, so that the key does not find it. */
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
    if (this.#reckoning !== undefined) return this.lease(slot).expiresAt;
    return (this.#chunks[slot >>> CHUNK_BITS]?.rest[(slot & (CHUNK - 1)) * 4 + 1] ?? 0) as Instant;
  }

  /** 0: it is not known. */
  leaseSecondsAt(slot: number): number {
    return this.#chunks[slot >>> CHUNK_BITS]?.addresses[(slot & (CHUNK - 1)) * 3 + 2] ?? 0;
  }

  /** False: no record has any. */
  get hasIds(): boolean {
    return this.#ids.size > 0;
  }

  idsAt(slot: number): OutsideIds | undefined {
    return this.hasIds ? this.#ids.get(slot) : undefined;
  }

  lease(slot: number): Lease {
    const lease = this.stored(slot);
    if (this.#reckoning === undefined) return lease;
    return { ...lease, expiresAt: this.#reckoning.endOf(lease, this.#knownAt(slot)) };
  }

  /** False: the record ends when it says. */
  isReckoned(slot: number): boolean {
    return this.#reckoning?.counts(this.granterAt(slot), this.#knownAt(slot)) === true;
  }

  /** Until when the lease was promised at the least. */
  promisedUntil(slot: number): Instant {
    const lease = this.stored(slot);
    return this.#reckoning?.promisedUntil(lease, this.#knownAt(slot)) ?? lease.expiresAt;
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

  /** The leases that run, of addresses as wanted, in slots `from` to `to`, less one. */
  running(now: Instant, isWanted: (address: Ipv4) => boolean, from: number, to: number): readonly Lease[] {
    const found: Lease[] = [];
    for (let slot = from; slot < Math.min(this.#size, to); slot += 1) {
      const runs = this.stateAt(slot) === 'bound' && this.expiresAt(slot) > now;
      if (runs && isWanted(this.addressAt(slot))) found.push(this.lease(slot));
    }
    return found;
  }

  /** Kept with every write. */
  countByState(): Readonly<Record<LeaseState, number>> {
    const [free = 0, offered = 0, bound = 0, declined = 0, peer = 0] = this.#counts;
    return { free, offered, bound, declined, peer };
  }

  /** A slot for an address that has none yet. */
  add(address: Ipv4): number {
    const slot = this.#take(address);
    this.#byAddress.add(slot, hashOfAddress(address));
    return slot;
  }

  /** The first records, each with an address of its own; they are found by it when all are there. `seen`: each of them. */
  fill(leases: Iterable<Lease>, seen: (lease: Lease) => void): void {
    for (const lease of leases) {
      this.put(this.#take(lease.address), lease);
      seen(lease);
    }
    const hashes = new Int32Array(this.#size);
    for (let slot = 0; slot < this.#size; slot += 1) hashes[slot] = hashOfAddress(this.addressAt(slot));
    this.#byAddress.fill(hashes);
  }

  /** Writes a record over the one in its slot. `isEarlier`: an earlier process of this gateway has. */
  put(slot: number, lease: Lease, isEarlier = false): void {
    const { addresses, states, rest, clients, knownAt } = this.#chunkOf(slot);
    const row = slot & (CHUNK - 1);
    if (knownAt !== undefined && this.#reckoning !== undefined && !isSame(this.stored(slot), lease))
      knownAt[row] = this.#reckoning.now(isEarlier);
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
    if (lease.ids !== undefined) this.#ids.set(slot, lease.ids);
    else if (this.hasIds) this.#ids.delete(slot);
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
    if (slot === this.#chunks.length * CHUNK) this.#chunks.push(new Chunk(this.#reckoning !== undefined));
    this.#size += 1;
    this.#counts[0] = (this.#counts[0] ?? 0) + 1; // What is written into it counts anew.
    this.#chunkOf(slot).addresses[(slot & (CHUNK - 1)) * 3] = address;
    return slot;
  }

  #chunkOf(slot: number): Chunk {
    const chunk = this.#chunks[slot >>> CHUNK_BITS];
    if (chunk === undefined) throw new Error('no such slot');
    return chunk;
  }
}

/** The columns of so many records. What is read together stands together, so that a lookup waits less for memory. */
class Chunk {
  /** Three of each: address, granter, leaseSeconds. */
  readonly addresses = new Uint32Array(CHUNK * 3);
  readonly states = new Uint8Array(CHUNK);
  /** Four of each: version, expiresAt, updatedAt, hardware. */
  readonly rest = new Float64Array(CHUNK * 4);
  /** Undefined where the key is made of the hardware address: texts of a million clients are work for the collector. */
  readonly clients: (ClientKey | undefined)[] = [];
  /** Since when each is known; undefined: nobody asks. */
  readonly knownAt: Uint32Array | undefined;

  constructor(notesKnown: boolean) {
    this.knownAt = notesKnown ? new Uint32Array(CHUNK) : undefined;
  }
}

/** True for one lease or quarantine, though its key was written again: for an offer over it, or by a merge. */
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
