import type { Instant } from '../../../lease/lease.ts';

/** Milliseconds. */
const FIRST = 1000;
const LONGEST = 60_000;

/** The pause between two looks whether something can be tried: a second, and longer after each attempt that costs much. */
export class RetryPause {
  #begunAt = Number.NEGATIVE_INFINITY;
  #milliseconds = FIRST;

  /** True: the pause is over, and the next one begins. */
  isOver(now: Instant): boolean {
    if (Math.abs(now - this.#begunAt) < this.#milliseconds) return false;
    this.#begunAt = now;
    return true;
  }

  /** An attempt begins: the pause is twice as long from now on, up to a minute. */
  lengthen(): void {
    this.#milliseconds = Math.min(2 * this.#milliseconds, LONGEST);
  }
}
