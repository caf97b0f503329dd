import type { Instant } from '../../../lease/lease.ts';

/** Milliseconds. */
const FIRST = 1000;
const LONGEST = 60_000;

/** The pause between two attempts at something that costs much: a second, and twice as long after each attempt, up to a minute. */
export class RetryPause {
  #begunAt = Number.NEGATIVE_INFINITY;
  #milliseconds = FIRST / 2;

  /** True: an attempt may begin. */
  isOver(now: Instant): boolean {
    return Math.abs(now - this.#begunAt) >= this.#milliseconds;
  }

  /** An attempt begins. */
  begin(now: Instant): void {
    this.#begunAt = now;
    this.#milliseconds = Math.min(2 * this.#milliseconds, LONGEST);
  }
}
