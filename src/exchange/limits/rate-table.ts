import { fullAfterOne, isOverRate, type Rate } from '../admission/rate.ts';

/** Cells of each of the two rows, if nothing else is said. */
const CELLS = 8192;

/**
 * A token bucket for each key, which is a number: a card's address, or a port's index. Its memory is fixed, whatever is forged:
 * two rows of cells, where a key has one cell in each, found by a seeded hash. A key counts as over its rate only if both of its
 * cells do, so that others that share one of them cost it nothing.
 */
export class RateTable {
  /** When the bucket of each cell is full again: monotonic milliseconds. */
  readonly #fullAt: Float64Array;
  readonly #cells: number;
  readonly #seed: number;

  /**
   * @param seed A whole number of 32 bits that no client can know, so that none can choose an address that meets another's cells.
   * @param cells Of each row: a power of two, 65,536 at most. The more keys are counted at a time, the more cells are needed: else
   *   other keys fill both cells of one.
   */
  constructor(seed: number, cells = CELLS) {
    this.#seed = seed;
    this.#cells = cells;
    this.#fullAt = new Float64Array(2 * cells);
  }

  /** True if one more would be too many now. */
  isOver(key: number, now: number, rate: Rate | undefined): boolean {
    if (rate === undefined) return false;
    const hash = this.#hashOf(key);
    // Most keys are not over in their first cell: the second one, which is in no cache of the processor, is not read then.
    return this.#isOverAt(this.#firstOf(hash), now, rate) && this.#isOverAt(this.#secondOf(hash), now, rate);
  }

  /** Counts one, also where that is too many: for at most twice the time that the whole burst takes. */
  take(key: number, now: number, rate: Rate | undefined): void {
    if (rate === undefined) return;
    const hash = this.#hashOf(key);
    const first = this.#firstOf(hash);
    const second = this.#secondOf(hash);
    const fullAt = fullAfterOne(Math.min(this.#at(first), this.#at(second)), now, rate);
    if (fullAt > this.#at(first)) this.#fullAt[first] = fullAt;
    if (fullAt > this.#at(second)) this.#fullAt[second] = fullAt;
  }

  /** False: it would be too many, and is not counted. */
  takeIfFree(key: number, now: number, rate: Rate): boolean {
    if (this.isOver(key, now, rate)) return false;
    this.take(key, now, rate);
    return true;
  }

  #isOverAt(cell: number, now: number, rate: Rate): boolean {
    return isOverRate(this.#at(cell), now, rate);
  }

  #at(cell: number): number {
    return this.#fullAt[cell] ?? 0;
  }

  #hashOf(key: number): number {
    let hash = Math.imul((key >>> 0) ^ this.#seed, 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13) ^ Math.floor(key / 0x1_0000_0000), 0xc2b2ae35);
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
