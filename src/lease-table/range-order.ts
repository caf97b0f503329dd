import type { AddressRange, AddressUse, Occupancy } from '../lease/lease-view.ts';
import { type Ipv4, ipv4 } from '../net/ipv4.ts';
import { IndexSet } from './index-set.ts';

/** Not in a list. It is zero, as new memory is, so that memory is not written before it is needed. */
const NOT_LINKED = 0;
/** The heads of the lists are the first links; those of the addresses follow. */
const FREE = 1;
const OFFERED = 2;
const PEER = 3;
const LAPSED = 4;
const FIRST_LINK = 5;
/** Numbers of 32 bits in a page of memory. */
const PAGE = 1024;
/** A use is stored as its index here; 0, unused, is what new memory says. */
const ADDRESS_USES: readonly AddressUse[] = [
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
 * The addresses of one range in the order in which they may be given away: unused ones, ascending; free ones, by when they
 * became free; those on offer, by when they were offered; lapsed ones; those granted by other gateways, by when that was
 * heard. An address is in one of these five orders at most, and moves between them in constant time: they are one set and
 * four linked lists through the same two columns. An excluded address, or one reserved for a client, is in none.
 */
export class RangeOrder {
  readonly first: Ipv4;
  readonly last: Ipv4;
  readonly #excluded: Set<Ipv4>;
  readonly #reserved: ReadonlySet<Ipv4>;
  readonly #unused: IndexSet;
  readonly #newer: Int32Array;
  readonly #older: Int32Array;
  /** The use of each address, and how many addresses have each use but the first. */
  readonly #uses: Uint8Array;
  readonly #counts = ADDRESS_USES.map(() => 0);
  /** How many addresses the range has, without excluded ones. */
  #size: number;

  /**
   * All addresses are unused at first.
   *
   * @param reserved Reserved addresses, of any range. The caller calls `move` for one that it adds or removes.
   */
  constructor(range: AddressRange, reserved: ReadonlySet<Ipv4>) {
    const size = range.last - range.first + 1;
    this.first = range.first;
    this.last = range.last;
    this.#reserved = reserved;
    this.#unused = new IndexSet(size, true);
    this.#uses = new Uint8Array(size);
    this.#excluded = new Set([...range.excluded].filter((address) => this.covers(address)));
    for (const address of this.#excluded) this.#unused.delete(address - range.first);
    this.#size = size - this.#excluded.size;
    this.#newer = new Int32Array(FIRST_LINK + size);
    this.#older = new Int32Array(FIRST_LINK + size);
    for (const list of [FREE, OFFERED, PEER, LAPSED]) {
      this.#newer[list] = list;
      this.#older[list] = list;
    }
  }

  /** Writes to the memory of these addresses, so that the kernel provides it now and not while many are moved. */
  touch(from: number, to: number): void {
    for (let index = from; index < to; index += PAGE) {
      this.#newer[FIRST_LINK + index] = NOT_LINKED;
      this.#older[FIRST_LINK + index] = NOT_LINKED;
      this.#uses[index] = 0;
    }
  }

  covers(address: Ipv4): boolean {
    return address >= this.first && address <= this.last;
  }

  /** True if exactly these addresses are excluded. */
  excludes(addresses: ReadonlySet<Ipv4>): boolean {
    for (const address of this.#excluded) if (!addresses.has(address)) return false;
    for (const address of addresses) if (this.covers(address) && !this.#excluded.has(address)) return false;
    return true;
  }

  /** Excludes exactly these addresses from now on. `useOf`: the use of one that was excluded until now. */
  excludeOnly(addresses: ReadonlySet<Ipv4>, useOf: (address: Ipv4) => AddressUse): void {
    for (const address of addresses) if (this.covers(address)) this.#exclude(address);
    for (const address of this.#excluded) {
      if (addresses.has(address)) continue;
      this.#excluded.delete(address);
      this.#size += 1;
      this.move(address, useOf(address));
    }
  }

  /** Moves an address to the end of the order of its use. */
  move(address: Ipv4, wanted: AddressUse): void {
    if (this.#excluded.has(address)) return;
    const index = address - this.first;
    const link = FIRST_LINK + index;
    const isTaken = wanted === 'taken' || wanted === 'declined';
    const isReserved = !isTaken && this.#reserved.has(address);
    // What a guest has from another gateway is in use, so it counts as that. It is never given away as what is not reserved.
    const use = isReserved && wanted !== 'peer' ? 'reserved' : wanted;
    this.#unlink(link);
    this.#count(index, use);
    if (use === 'unused') {
      this.#unused.add(index);
      return;
    }
    this.#unused.delete(index);
    if (use === 'free') this.#append(FREE, link);
    else if (use === 'offered') this.#append(OFFERED, link);
    else if (use === 'peer' && !isReserved) this.#append(PEER, link);
    else if (use === 'lapsed') this.#append(LAPSED, link);
  }

  /** How many addresses have this use. */
  count(use: AddressUse): number {
    if (use !== 'unused') return this.#counts[ADDRESS_USES.indexOf(use)] ?? 0;
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

  /** Lapsed addresses, then those granted by other gateways, the oldest first. Nothing may be moved meanwhile. */
  *peers(): Generator<Ipv4> {
    for (const list of [LAPSED, PEER]) {
      for (let link = this.#newer[list] ?? list; link !== list; link = this.#newer[link] ?? list)
        yield this.#addressOfLink(link);
    }
  }

  #exclude(address: Ipv4): void {
    if (this.#excluded.has(address)) return;
    const index = address - this.first;
    this.#unlink(FIRST_LINK + index);
    this.#count(index, 'unused');
    this.#unused.delete(index);
    this.#excluded.add(address);
    this.#size -= 1;
  }

  #count(index: number, use: AddressUse): void {
    const before = this.#uses[index] ?? 0;
    const now = ADDRESS_USES.indexOf(use);
    this.#uses[index] = now;
    if (before > 0) this.#counts[before] = (this.#counts[before] ?? 0) - 1;
    if (now > 0) this.#counts[now] = (this.#counts[now] ?? 0) + 1;
  }

  #firstOf(list: number, isBarred: (address: Ipv4) => boolean): Ipv4 | undefined {
    for (let link = this.#newer[list] ?? list; link !== list; link = this.#newer[link] ?? list) {
      const address = this.#addressOfLink(link);
      if (!isBarred(address)) return address;
    }
    return undefined;
  }

  #addressOfLink(link: number): Ipv4 {
    return ipv4(this.first + link - FIRST_LINK);
  }

  #append(list: number, link: number): void {
    const before = this.#older[list] ?? list;
    this.#newer[before] = link;
    this.#older[link] = before;
    this.#newer[link] = list;
    this.#older[list] = link;
  }

  #unlink(link: number): void {
    const newer = this.#newer[link] ?? NOT_LINKED;
    if (newer === NOT_LINKED) return;
    const older = this.#older[link] ?? NOT_LINKED;
    this.#newer[older] = newer;
    this.#older[newer] = older;
    this.#newer[link] = NOT_LINKED;
    this.#older[link] = NOT_LINKED;
  }
}
