import type { Clock } from '../lease/clock.ts';
import type { Instant } from '../lease/lease.ts';
import type { Log } from './log.ts';

/** A jump of the wall clock by more than this is not explained by its being set: milliseconds. */
const JUMP = 60_000;
/** The clock is believed after so long without another jump at the least, and at the most: milliseconds. */
const STABLE_LEAST = 3_600_000;
const STABLE_MOST = 7 * 86_400_000;

const REMEDY =
  'renewals go on, but run-out addresses are given to nobody else until all leases from before have been renewed or are over; if the time is right now, send SIGHUP to end that';

/**
 * Whether the wall clock can be trusted with the end of leases: not after a jump, nor while it is before what it was
 * when a lease was stored, until it has been stable for the longest lease time (an hour to a week) or the operator
 * says so. By then every client has renewed by the right clock, or its lease has ended by its own. An hour for all was
 * not enough: a node that starts with a dead clock, grants 12 hours and then has its time set by NTP freed the lease
 * an hour later, while its client held it. Leases without end, or of more than a week, are believed after a week.
 */
export class TimeGuard {
  readonly #clock: Clock;
  readonly #log: Log;
  #wall: Instant;
  #monotonic: number;
  /** Monotonic time of what cast doubt on the clock. */
  #doubtfulSince: number | undefined;
  #stable = STABLE_LEAST;

  /** `lastStoredAt`: the newest time in the store; 0: none. */
  constructor(clock: Clock, log: Log, lastStoredAt: Instant) {
    this.#clock = clock;
    this.#log = log;
    this.#wall = clock.now();
    this.#monotonic = clock.monotonic();
    if (this.#wall < lastStoredAt) {
      this.#doubt(
        { behindMilliseconds: lastStoredAt - this.#wall },
        'the clock runs before the last stored lease',
      );
    }
  }

  /** As the two clocks are now: a jump is known before anything is decided by it. */
  get trustsClock(): boolean {
    this.check();
    return this.#doubtfulSince === undefined;
  }

  /** How long the leases are that are given from now on. */
  set longestLease(seconds: number) {
    this.#stable = Math.min(Math.max(seconds * 1000, STABLE_LEAST), STABLE_MOST);
  }

  /** Compares the two clocks; once a second at the least, that doubt ends in time. */
  check(): void {
    const wall = this.#clock.now();
    const monotonic = this.#clock.monotonic();
    const jumped = wall - this.#wall - (monotonic - this.#monotonic);
    this.#wall = wall;
    this.#monotonic = monotonic;
    if (Math.abs(jumped) > JUMP)
      this.#doubt({ jumpedMilliseconds: Math.round(jumped) }, 'the clock has jumped');
    else if (this.#doubtfulSince !== undefined && monotonic - this.#doubtfulSince >= this.#stable)
      this.#believe();
  }

  /** The operator says that the time is right, whatever happened up to now. */
  trust(): void {
    this.check();
    this.#believe();
  }

  #believe(): void {
    if (this.#doubtfulSince === undefined) return;
    this.#doubtfulSince = undefined;
    this.#log.warn({}, 'the clock is trusted again');
  }

  #doubt(fields: object, message: string): void {
    const isFirst = this.#doubtfulSince === undefined;
    this.#doubtfulSince = this.#monotonic;
    if (isFirst) this.#log.warn({ ...fields, stableSeconds: this.#stable / 1000, remedy: REMEDY }, message);
  }
}
