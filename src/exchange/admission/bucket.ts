import { fullAfterOne, isOverRate, type Rate } from './rate.ts';

/** One token bucket, which is full at first. Times are monotonic milliseconds. */
export class Bucket {
  /** Monotonic milliseconds. */
  #fullAt = 0;

  /** True if one more would be too many now. */
  isOver(now: number, rate: Rate | undefined): boolean {
    return rate !== undefined && isOverRate(this.#fullAt, now, rate);
  }

  /** Counts one, also where that is too many. */
  take(now: number, rate: Rate | undefined): void {
    if (rate !== undefined) this.#fullAt = Math.max(this.#fullAt, fullAfterOne(this.#fullAt, now, rate));
  }

  /** False: it would be too many, and is not counted. */
  takeIfFree(now: number, rate: Rate): boolean {
    if (this.isOver(now, rate)) return false;
    this.take(now, rate);
    return true;
  }
}
