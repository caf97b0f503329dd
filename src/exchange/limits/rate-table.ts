import { fullAfterOne, isOverRate, type Rate } from '../admission/rate.ts';

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
    return this.#isOverAt(this.#firstOf(hash), now, rate) && this.#isOverAt(this.#secondOf(hash), now, rate);
  }

  /** Counts one, also where that is too many: for at most twice the time that the whole burst takes. */
  take(card: number, now: number, rate: Rate | undefined): void {
    if (rate === undefined) return;
    const hash = this.#hashOf(card);
    const first = this.#firstOf(hash);
    const second = this.#secondOf(hash);
    const fullAt = fullAfterOne(Math.min(this.#at(first), this.#at(second)), now, rate);
    if (fullAt > this.#at(first)) this.#fullAt[first] = fullAt;
    if (fullAt > this.#at(second)) this.#fullAt[second] = fullAt;
  }

  /** False: it would be too many, and is not counted. */
  takeIfFree(card: number, now: number, rate: Rate): boolean {
    if (this.isOver(card, now, rate)) return false;
    this.take(card, now, rate);
    return true;
  }

  /** Most cards are not over in their first cell: the second one, which is in no cache, is not read then. */
  #isOverAt(cell: number, now: number, rate: Rate): boolean {
    return isOverRate(this.#at(cell), now, rate);
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
