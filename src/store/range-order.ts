import type { AddressRange } from '../lease/lease-view.ts';
import { type Ipv4, ipv4 } from '../net/ipv4.ts';
import { IndexSet } from './index-set.ts';

/** Where an address belongs; taken: to none of the three. */
export type Standing = 'unused' | 'free' | 'offered' | 'taken';

const NOWHERE = -1;

/**
 * The addresses of one range in the order in which they may be given away: those never used, ascending; those that
 * are free, by the time of becoming so; those on offer, by the time of the offer. An address is in one of the three at
 * most, and moves between them in constant time: two rings through the same two columns, and a set.
 */
export class RangeOrder {
  readonly first: Ipv4;
  readonly last: Ipv4;
  readonly #excluded: ReadonlySet<Ipv4>;
  readonly #unused: IndexSet;
  readonly #newer: Int32Array;
  readonly #older: Int32Array;
  /** The places of the two rings' own links, behind those of the addresses. */
  readonly #free: number;
  readonly #offered: number;

  /** All addresses are never used at first. */
  constructor(range: AddressRange) {
    const size = range.last - range.first + 1;
    this.first = range.first;
    this.last = range.last;
    this.#excluded = range.excluded;
    this.#unused = new IndexSet(size, true);
    for (const address of range.excluded)
      if (this.covers(address)) this.#unused.delete(address - range.first);
    this.#newer = new Int32Array(size + 2).fill(NOWHERE);
    this.#older = new Int32Array(size + 2).fill(NOWHERE);
    this.#free = size;
    this.#offered = size + 1;
    for (const ring of [this.#free, this.#offered]) {
      this.#newer[ring] = ring;
      this.#older[ring] = ring;
    }
  }

  covers(address: Ipv4): boolean {
    return address >= this.first && address <= this.last;
  }

  /** Moves an address to the end of where it belongs now. */
  place(address: Ipv4, where: Standing): void {
    if (this.#excluded.has(address)) return;
    const index = address - this.first;
    this.#unlink(index);
    if (where === 'unused') {
      this.#unused.add(index);
      return;
    }
    this.#unused.delete(index);
    if (where !== 'taken') this.#append(where === 'free' ? this.#free : this.#offered, index);
  }

  longestFree(inFlight: ReadonlySet<Ipv4>): Ipv4 | undefined {
    for (let index = this.#unused.next(0); index !== -1; index = this.#unused.next(index + 1)) {
      const address = ipv4(this.first + index);
      if (!inFlight.has(address)) return address;
    }
    return this.#firstOf(this.#free, inFlight);
  }

  oldestOffer(inFlight: ReadonlySet<Ipv4>): Ipv4 | undefined {
    return this.#firstOf(this.#offered, inFlight);
  }

  #firstOf(ring: number, inFlight: ReadonlySet<Ipv4>): Ipv4 | undefined {
    for (let index = this.#newer[ring] ?? ring; index !== ring; index = this.#newer[index] ?? ring) {
      const address = ipv4(this.first + index);
      if (!inFlight.has(address)) return address;
    }
    return undefined;
  }

  #append(ring: number, index: number): void {
    const before = this.#older[ring] ?? ring;
    this.#newer[before] = index;
    this.#older[index] = before;
    this.#newer[index] = ring;
    this.#older[ring] = index;
  }

  #unlink(index: number): void {
    const newer = this.#newer[index] ?? NOWHERE;
    if (newer === NOWHERE) return;
    const older = this.#older[index] ?? NOWHERE;
    this.#newer[older] = newer;
    this.#older[newer] = older;
    this.#newer[index] = NOWHERE;
    this.#older[index] = NOWHERE;
  }
}
