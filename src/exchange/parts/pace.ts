import type { Clock } from '../../lease/clock.ts';

/** From so many datagrams a second on, rounds are delayed. An exchange has two. */
const BUSY = 2000;
/** The time constant of the load, by which it decays: milliseconds. */
const DECAY = 100;
/** The load of a steady flow of BUSY datagrams a second. */
const BUSY_LOAD = (BUSY * DECAY) / 1000;
/**
 * When the sockets are read between two commits: this part of the interval after the first. So two thirds of all clients are
 * offered an address early enough to have it with the next commit.
 */
const BETWEEN = 2 / 3;

/**
 * Delays commits while many clients ask, so that one sync of the disk serves several DHCPACKs: a commit of one or two changes
 * costs as much as one of ten. The sockets are read twice in the time from one commit to the next: what needs no commit is
 * answered in between, so that DHCPREQUESTs that follow a DHCPOFFER find the next commit soon. While few ask, everything
 * begins at once: a guest that is alone would gain nothing from waiting.
 */
export class Pace {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #interval: number;
  readonly #sleep: (milliseconds: number) => void;
  /** When the sockets were read last, and when for a commit: monotonic milliseconds. */
  #readAt = Number.NEGATIVE_INFINITY;
  #committedAt = Number.NEGATIVE_INFINITY;
  /** How many datagrams were read; older ones count less. */
  #load = 0;
  /** When it was computed: monotonic milliseconds. */
  #loadAt = 0;

  /**
   * @param interval The least time from one commit to the next: milliseconds.
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
    // After a commit comes the reading in between; after that, the time of the next commit.
    const part = this.#readAt === this.#committedAt ? BETWEEN : 1 - BETWEEN;
    this.#readAt = this.#until(this.#readAt + this.#interval * part);
  }

  /** True: a commit now would follow the last one so soon that the sockets are to be read once more before it. */
  get isCommitEarly(): boolean {
    // With less left than half of the time from the reading in between to the commit, another reading is not worth its cost.
    const early = this.#committedAt + (this.#interval * (1 + BETWEEN)) / 2;
    return this.#readAt < early && this.#isBusyAt(this.#readAt);
  }

  /** To be called before a commit. @param waits Whether to wait until its time has come, to read once more. */
  waitForCommit(waits: boolean): void {
    if (waits) this.#readAt = this.#until(this.#committedAt + this.#interval);
    this.#committedAt = this.#readAt;
  }

  /** So many datagrams were read by the round that has begun. */
  read(count: number): void {
    this.#load = this.#loadOf(this.#readAt) + count;
    this.#loadAt = this.#readAt;
  }

  /** Waits while many ask; returns when that was over: monotonic milliseconds. */
  #until(due: number): number {
    const now = this.#clock.monotonic();
    if (due <= now || !this.#isBusyAt(now)) return now;
    this.#sleep(due - now);
    return due;
  }

  #isBusyAt(now: number): boolean {
    return this.#loadOf(now) > BUSY_LOAD;
  }

  #loadOf(now: number): number {
    return this.#load * Math.exp((this.#loadAt - now) / DECAY);
  }
}
