import type { AddressRange, Occupancy, Standing } from '../lease/lease-view.ts';
import { type Ipv4, ipv4 } from '../net/ipv4.ts';
import { IndexSet } from './index-set.ts';

/** In no ring. Memory comes as zeros, and is not touched before it is needed. */
const NOWHERE = 0;
/** The places of the rings' own links, before those of the addresses. */
const FREE = 1;
const OFFERED = 2;
const PEER = 3;
const LAPSED = 4;
const FIRST_PLACE = 5;
/** Numbers of 32 bits in a page of memory. */
const PAGE = 1024;
/** As numbers, 0 for those that nothing has been said of. */
const STANDINGS: readonly Standing[] = [
  'unused',
  'free',
  'offered',
  'lapsed',
  'peer',
  'taken',
  'declined',
  'reserved',
];

/**
 * The addresses of one range in the order in which they may be given away: those never used, ascending; those that
 * are free, by the time of becoming so; those on offer, by the time of the offer; those that have lapsed; those granted by
 * other gateways, by the time of hearing it. An address is in one of the five at most, and moves between them in constant
 * time: four rings through the same two columns, and a set. One that is excluded, or reserved for a client, is in none.
 */
export class RangeOrder {
  readonly first: Ipv4;
  readonly last: Ipv4;
  readonly #excluded: Set<Ipv4>;
  readonly #reserved: ReadonlySet<Ipv4>;
  readonly #unused: IndexSet;
  readonly #newer: Int32Array;
  readonly #older: Int32Array;
  /** Of each address the number of its standing, and how many there are of each but the first. */
  readonly #standings: Uint8Array;
  readonly #counts = STANDINGS.map(() => 0);
  /** How many there are, less the excluded ones. */
  #size: number;

  /**
   * All addresses are never used at first.
   *
   * @param reserved Addresses, perhaps of this range; one that joins or leaves it is placed again.
   */
  constructor(range: AddressRange, reserved: ReadonlySet<Ipv4>) {
    const size = range.last - range.first + 1;
    this.first = range.first;
    this.last = range.last;
    this.#reserved = reserved;
    this.#unused = new IndexSet(size, true);
    this.#standings = new Uint8Array(size);
    this.#excluded = new Set([...range.excluded].filter((address) => this.covers(address)));
    for (const address of this.#excluded) this.#unused.delete(address - range.first);
    this.#size = size - this.#excluded.size;
    this.#newer = new Int32Array(FIRST_PLACE + size);
    this.#older = new Int32Array(FIRST_PLACE + size);
    for (const ring of [FREE, OFFERED, PEER, LAPSED]) {
      this.#newer[ring] = ring;
      this.#older[ring] = ring;
    }
  }

  /** Has the memory of these addresses there, which comes when it is first written to: the first ones to be placed are many. */
  touch(from: number, to: number): void {
    for (let index = from; index < to; index += PAGE) {
      this.#newer[FIRST_PLACE + index] = NOWHERE;
      this.#older[FIRST_PLACE + index] = NOWHERE;
      this.#standings[index] = 0;
    }
  }

  covers(address: Ipv4): boolean {
    return address >= this.first && address <= this.last;
  }

  /** True if just these are excluded. */
  excludes(addresses: ReadonlySet<Ipv4>): boolean {
    for (const address of this.#excluded) if (!addresses.has(address)) return false;
    for (const address of addresses) if (this.covers(address) && !this.#excluded.has(address)) return false;
    return true;
  }

  /** Excludes just these from now on; `standingOf`: where one belongs that was excluded until now. */
  excludeOnly(addresses: ReadonlySet<Ipv4>, standingOf: (address: Ipv4) => Standing): void {
    for (const address of addresses) if (this.covers(address)) this.#exclude(address);
    for (const address of this.#excluded) {
      if (addresses.has(address)) continue;
      this.#excluded.delete(address);
      this.#size += 1;
      this.place(address, standingOf(address));
    }
  }

  /** Moves an address to the end of where it belongs now. */
  place(address: Ipv4, standing: Standing): void {
    if (this.#excluded.has(address)) return;
    const index = address - this.first;
    const place = FIRST_PLACE + index;
    const isHeld = standing === 'taken' || standing === 'declined';
    const where = !isHeld && this.#reserved.has(address) ? 'reserved' : standing;
    this.#unlink(place);
    this.#count(index, where);
    if (where === 'unused') {
      this.#unused.add(index);
      return;
    }
    this.#unused.delete(index);
    if (where === 'free') this.#append(FREE, place);
    else if (where === 'offered') this.#append(OFFERED, place);
    else if (where === 'peer') this.#append(PEER, place);
    else if (where === 'lapsed') this.#append(LAPSED, place);
  }

  /** How many addresses stand so. */
  count(where: Standing): number {
    if (where !== 'unused') return this.#counts[STANDINGS.indexOf(where)] ?? 0;
    return this.#size - this.#counts.reduce((sum, count) => sum + count, 0);
  }

  get occupancy(): Occupancy {
    const [, free = 0, offered = 0, lapsed = 0, peer = 0, taken = 0, declined = 0, reserved = 0] =
      this.#counts;
    return { unused: this.count('unused'), free, offered, lapsed, peer, taken, declined, reserved };
  }

  longestFree(isBarred: (address: Ipv4) => boolean): Ipv4 | undefined {
    for (let index = this.#unused.next(0); index !== -1; index = this.#unused.next(index + 1)) {
      const address = ipv4(this.first + index);
      if (!isBarred(address)) return address;
    }
    return this.#firstOf(FREE, isBarred);
  }

  oldestOffer(isBarred: (address: Ipv4) => boolean): Ipv4 | undefined {
    return this.#firstOf(OFFERED, isBarred);
  }

  /** One's own that have lapsed, then those granted by other gateways, the oldest first; nothing may be moved meanwhile. */
  *peers(): Generator<Ipv4> {
    for (const ring of [LAPSED, PEER]) {
      for (let place = this.#newer[ring] ?? ring; place !== ring; place = this.#newer[place] ?? ring)
        yield this.#addressAt(place);
    }
  }

  #exclude(address: Ipv4): void {
    if (this.#excluded.has(address)) return;
    const index = address - this.first;
    this.#unlink(FIRST_PLACE + index);
    this.#count(index, 'unused');
    this.#unused.delete(index);
    this.#excluded.add(address);
    this.#size -= 1;
  }

  #count(index: number, where: Standing): void {
    const before = this.#standings[index] ?? 0;
    const now = STANDINGS.indexOf(where);
    this.#standings[index] = now;
    if (before > 0) this.#counts[before] = (this.#counts[before] ?? 0) - 1;
    if (now > 0) this.#counts[now] = (this.#counts[now] ?? 0) + 1;
  }

  #firstOf(ring: number, isBarred: (address: Ipv4) => boolean): Ipv4 | undefined {
    for (let place = this.#newer[ring] ?? ring; place !== ring; place = this.#newer[place] ?? ring) {
      const address = this.#addressAt(place);
      if (!isBarred(address)) return address;
    }
    return undefined;
  }

  #addressAt(place: number): Ipv4 {
    return ipv4(this.first + place - FIRST_PLACE);
  }

  #append(ring: number, place: number): void {
    const before = this.#older[ring] ?? ring;
    this.#newer[before] = place;
    this.#older[place] = before;
    this.#newer[place] = ring;
    this.#older[ring] = place;
  }

  #unlink(place: number): void {
    const newer = this.#newer[place] ?? NOWHERE;
    if (newer === NOWHERE) return;
    const older = this.#older[place] ?? NOWHERE;
    this.#newer[older] = newer;
    this.#older[newer] = older;
    this.#newer[place] = NOWHERE;
    this.#older[place] = NOWHERE;
  }
}
