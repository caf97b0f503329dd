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
 * True if one more would be too many now.
 *
 * @param fullAt When the bucket is full again: monotonic milliseconds.
 */
export function isOverRate(fullAt: number, now: number, { burst, interval }: Rate): boolean {
  return fullAt - now > (burst - 1) * interval;
}

/** When the bucket is full again after one more, also where that is too many: after twice the time of the burst at most. */
export function fullAfterOne(fullAt: number, now: number, { burst, interval }: Rate): number {
  return Math.min(Math.max(fullAt, now) + interval, now + 2 * burst * interval);
}
