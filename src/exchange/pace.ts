import type { Clock } from '../lease/clock.ts';

/** Datagrams in a second from which rounds are paced. An exchange has two. */
const BUSY = 2000;
/** How fast what has come counts less: milliseconds in which it falls to a third. */
const FADING = 100;
/** What a steady flow of BUSY amounts to. */
const BUSY_LOAD = (BUSY * FADING) / 1000;

/**
 * Holds rounds apart while many clients ask, so that one sync of the disk serves several DHCPACKs: a round of one or two
 * costs as much as one of ten. With less to do a round begins at once, as one guest alone gains nothing from waiting.
 */
export class Pace {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #apart: number;
  readonly #sleep: (milliseconds: number) => void;
  #begunAt = Number.NEGATIVE_INFINITY;
  /** The datagrams that were read, the old ones hardly; and when that was reckoned. */
  #load = 0;
  #loadAt = 0;

  /**
   * @param apart Milliseconds from the begin of a round to that of the next.
   * @param sleep Blocks the thread: timers have whole milliseconds, and it has nothing else to do.
   */
  constructor(clock: Pick<Clock, 'monotonic'>, apart: number, sleep: (milliseconds: number) => void) {
    this.#clock = clock;
    this.#apart = apart;
    this.#sleep = sleep;
  }

  /** To be called before a round reads. */
  wait(): void {
    const now = this.#clock.monotonic();
    const left = this.#begunAt + this.#apart - now;
    const isEarly = left > 0 && this.#loadOf(now) > BUSY_LOAD;
    if (isEarly) this.#sleep(left);
    this.#begunAt = isEarly ? now + left : now;
  }

  /** So many datagrams were read by the round that has begun. */
  read(count: number): void {
    this.#load = this.#loadOf(this.#begunAt) + count;
    this.#loadAt = this.#begunAt;
  }

  #loadOf(now: number): number {
    return this.#load * Math.exp((this.#loadAt - now) / FADING);
  }
}
