import type { Clock } from '../lease/clock.ts';

/** From so many datagrams a second on, rounds are delayed. An exchange has two. */
const BUSY = 2000;
/** The time constant of the load, by which it decays: milliseconds. */
const DECAY = 100;
/** The load of a steady flow of BUSY datagrams a second. */
const BUSY_LOAD = (BUSY * DECAY) / 1000;

/**
 * Delays rounds while many clients ask, so that one sync of the disk serves several DHCPACKs: a round of one or two datagrams
 * costs as much as one of ten. While few ask, a round begins at once: a guest that is alone would gain nothing from waiting.
 */
export class Pace {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #interval: number;
  readonly #sleep: (milliseconds: number) => void;
  #begunAt = Number.NEGATIVE_INFINITY;
  /** How many datagrams were read; older ones count less. */
  #load = 0;
  /** When it was computed: monotonic milliseconds. */
  #loadAt = 0;

  /**
   * @param interval The least time from the start of a round to that of the next: milliseconds.
   * @param sleep Blocks the thread, which has nothing else to do. A timer would be too coarse: it has whole milliseconds.
   */
  constructor(clock: Pick<Clock, 'monotonic'>, interval: number, sleep: (milliseconds: number) => void) {
    this.#clock = clock;
    this.#interval = interval;
    this.#sleep = sleep;
  }

  /** True while so many ask that rounds are delayed. */
  get isBusy(): boolean {
    return this.#isBusyAt(this.#clock.monotonic());
  }

  /** To be called before a round reads. */
  wait(): void {
    const now = this.#clock.monotonic();
    const left = this.#begunAt + this.#interval - now;
    const isEarly = left > 0 && this.#isBusyAt(now);
    if (isEarly) this.#sleep(left);
    this.#begunAt = isEarly ? now + left : now;
  }

  /** So many datagrams were read by the round that has begun. */
  read(count: number): void {
    this.#load = this.#loadOf(this.#begunAt) + count;
    this.#loadAt = this.#begunAt;
  }

  #isBusyAt(now: number): boolean {
    return this.#loadOf(now) > BUSY_LOAD;
  }

  #loadOf(now: number): number {
    return this.#load * Math.exp((this.#loadAt - now) / DECAY);
  }
}
