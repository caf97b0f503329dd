import type { Clock } from '../../../lease/clock.ts';

/** A disk that has not answered for this time hangs: milliseconds. */
export const HANGS = 5000;

/** Measures how long the thread of a file has not answered. Time in which this thread was blocked too does not count. */
export class DiskSilence {
  readonly #clock: Clock;
  /** The time between two looks: milliseconds. */
  readonly #interval: number;
  #lookedAt: number;
  #askedAt: number | undefined;

  /** `interval`: how often `look` is called, in milliseconds. */
  constructor(clock: Clock, interval: number) {
    this.#clock = clock;
    this.#interval = interval;
    this.#lookedAt = clock.monotonic();
  }

  /** True: an answer is owed. */
  get isOwed(): boolean {
    return this.#askedAt !== undefined;
  }

  asked(): void {
    this.#askedAt ??= this.#clock.monotonic();
  }

  /** Returns how long the answer took: milliseconds. */
  answered(): number {
    const took = this.look();
    this.#askedAt = undefined;
    return took;
  }

  /** How long the answer has been owed: milliseconds. Time in which this thread stood still too says nothing of the disk. */
  look(): number {
    const now = this.#clock.monotonic();
    const late = now - this.#lookedAt - this.#interval;
    this.#lookedAt = now;
    if (this.#askedAt === undefined) return 0;
    if (late > this.#interval) this.#askedAt = Math.min(now, this.#askedAt + late);
    return now - this.#askedAt;
  }
}
