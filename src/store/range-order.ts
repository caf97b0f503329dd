import type { AddressRange } from '../lease/lease-view.ts';
import { type Ipv4, ipv4 } from '../net/ipv4.ts';
import { IndexSet } from './index-set.ts';

/** Where an address belongs; peer: granted by another gateway; taken: to none of the four. */
export type Standing = 'unused' | 'free' | 'offered' | 'peer' | 'taken';

const NOWHERE = -1;

/**
 * The addresses of one range in the order in which they may be given away: those never used, ascending; those that
 * are free, by the time of becoming so; those on offer, by the time of the offer; those granted by other gateways, by
 * the time of hearing it. An address is in one of the four at most, and moves between them in constant time: three rings
 * through the same two columns, and a set.
 */
export class RangeOrder {
  readonly first: Ipv4;
  readonly last: Ipv4;
  readonly #excluded: ReadonlySet<Ipv4>;
  readonly #unused: IndexSet;
  readonly #newer: Int32Array;
  readonly #older: Int32Array;
  /** The places of the three rings' own links, behind those of the addresses. */
  readonly #free: number;
  readonly #offered: number;
  readonly #peer: number;

  /** All addresses are never used at first. */
  constructor(range: AddressRange) {
    const size = range.last - range.first + 1;
    this.first = range.first;
    this.last = range.last;
    this.#excluded = range.excluded;
    this.#unused = new IndexSet(size, true);
    for (const address of range.excluded)
      if (this.covers(address)) this.#unused.delete(address - range.first);
    this.#newer = new Int32Array(size + 3).fill(NOWHERE);
    this.#older = new Int32Array(size + 3).fill(NOWHERE);
    this.#free = size;
    this.#offered = size + 1;
    this.#peer = size + 2;
    for (const ring of [this.#free, this.#offered, this.#peer]) {
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
    if (where === 'free') this.#append(this.#free, index);
    else if (where === 'offered') this.#append(this.#offered, index);
    else if (where === 'peer') this.#append(this.#peer, index);
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

  /** Those granted by other gateways, the oldest first; nothing may be moved meanwhile. */
  *peers(): Generator<Ipv4> {
    for (
      let index = this.#newer[this.#peer] ?? this.#peer;
      index !== this.#peer;
      index = this.#newer[index] ?? this.#peer
    )
      yield ipv4(this.first + index);
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
