import { fullAfterOne, isOverRate, type Rate } from './rate.ts';

/** Cells of each of the two rows, if nothing else is said. */
const CELLS = 8192;

/**
 * A token bucket for each network card, by its address, in memory that is fixed whatever is forged: two rows of cells, where
 * a card has one cell in each, found by a seeded hash. A card counts as over its rate only if both of its cells do, so that
 * others that share one of them cost it nothing.
 */
export class RateTable {
  /** When the bucket of each cell is full again: monotonic milliseconds. */
  readonly #fullAt: Float64Array;
  readonly #cells: number;
  readonly #seed: number;

  /**
   * @param seed A whole number of 32 bits that no client can know, so that none can choose an address that meets another's cells.
   * @param cells Of each row: a power of two, 65,536 at most. For rates of so many cards that fewer would all be over theirs.
   */
  constructor(seed: number, cells = CELLS) {
    this.#seed = seed;
    this.#cells = cells;
    this.#fullAt = new Float64Array(2 * cells);
  }

  /** True if one more would be too many now. */
  isOver(card: number, now: number, rate: Rate | undefined): boolean {
    if (rate === undefined) return false;
    const hash = this.#hashOf(card);
    return isOverRate(this.#fullAtOf(hash), now, rate);
  }

  /** Counts one, also where that is too many: for at most twice the time that the whole burst takes. */
  take(card: number, now: number, rate: Rate | undefined): void {
    if (rate === undefined) return;
    const hash = this.#hashOf(card);
    this.#put(hash, fullAfterOne(this.#fullAtOf(hash), now, rate));
  }

  /** False: it would be too many, and is not counted. */
  takeIfFree(card: number, now: number, rate: Rate): boolean {
    const hash = this.#hashOf(card);
    const fullAt = this.#fullAtOf(hash);
    if (isOverRate(fullAt, now, rate)) return false;
    this.#put(hash, fullAfterOne(fullAt, now, rate));
    return true;
  }

  #fullAtOf(hash: number): number {
    return Math.min(this.#at(this.#firstOf(hash)), this.#at(this.#secondOf(hash)));
  }

  #put(hash: number, fullAt: number): void {
    const first = this.#firstOf(hash);
    const second = this.#secondOf(hash);
    this.#fullAt[first] = Math.max(this.#at(first), fullAt);
    this.#fullAt[second] = Math.max(this.#at(second), fullAt);
  }

  #at(cell: number): number {
    return this.#fullAt[cell] ?? 0;
  }

  #hashOf(card: number): number {
    let hash = Math.imul((card >>> 0) ^ this.#seed, 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13) ^ Math.floor(card / 0x1_0000_0000), 0xc2b2ae35);
    hash = Math.imul(hash ^ (hash >>> 16) ^ this.#seed, 0x27d4eb2f);
    return hash ^ (hash >>> 15);
  }

  #firstOf(hash: number): number {
    return hash & (this.#cells - 1);
  }

  #secondOf(hash: number): number {
    return this.#cells + ((hash >>> 16) & (this.#cells - 1));
  }
}
