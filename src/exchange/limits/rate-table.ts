/** Cells of each of the two rows, if nothing else is said. */
const CELLS = 8192;

/** So many at once, and one more for each interval. */
export interface Rate {
  readonly burst: number;
  /** Milliseconds. */
  readonly interval: number;
}

/** The rate of so many in a number of milliseconds, all of which may come at once. Undefined, for 0: any number. */
export function rateOf(count: number, milliseconds: number): Rate | undefined {
  return count === 0 ? undefined : { burst: count, interval: milliseconds / count };
}

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
    const fullAt = Math.min(this.#at(this.#firstOf(hash)), this.#at(this.#secondOf(hash)));
    return fullAt - now > (rate.burst - 1) * rate.interval;
  }

  /** Counts one, also where that is too many: for at most twice the time that the whole burst takes. */
  take(card: number, now: number, rate: Rate | undefined): void {
    if (rate === undefined) return;
    const { burst, interval } = rate;
    const hash = this.#hashOf(card);
    const first = this.#firstOf(hash);
    const second = this.#secondOf(hash);
    const before = Math.max(Math.min(this.#at(first), this.#at(second)), now);
    const fullAt = Math.min(before + interval, now + 2 * burst * interval);
    this.#fullAt[first] = Math.max(this.#at(first), fullAt);
    this.#fullAt[second] = Math.max(this.#at(second), fullAt);
  }

  /** False: it would be too many, and is not counted. */
  takeIfFree(card: number, now: number, rate: Rate): boolean {
    if (this.isOver(card, now, rate)) return false;
    this.take(card, now, rate);
    return true;
  }

  #at(cell: number): number {
    return this.#fullAt[cell] ?? 0;
  }

  #hashOf(card: number): number {
    let hash = Math.imul((card % 0x1_0000_0000) ^ this.#seed, 0x85ebca6b);
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
