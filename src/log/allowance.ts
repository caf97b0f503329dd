/** How many lines may be written at once, and how many each second after that. */
export interface LineLimit {
  readonly burst: number;
  readonly perSecond: number;
}

/** A token bucket of lines, or of their octets. It is full at first. */
export class Allowance {
  readonly #limit: LineLimit;
  #left: number;
  #at: number;

  /** @param monotonic Milliseconds, as in all its calls. */
  constructor(limit: LineLimit, monotonic: number) {
    this.#limit = limit;
    this.#left = limit.burst;
    this.#at = monotonic;
  }

  leftAt(monotonic: number): number {
    const { burst, perSecond } = this.#limit;
    this.#left = Math.min(burst, this.#left + ((monotonic - this.#at) * perSecond) / 1000);
    this.#at = monotonic;
    return this.#left;
  }

  /** What is left may fall below 0, since a line is never cut. */
  take(count: number): void {
    this.#left -= count;
  }

  /** One line, if it may be written. False: it is not counted. */
  takeLine(monotonic: number): boolean {
    if (this.leftAt(monotonic) < 1) return false;
    this.take(1);
    return true;
  }
}
