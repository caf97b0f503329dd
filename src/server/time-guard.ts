import type { Instant } from '../lease/lease.ts';
import type { Clock } from './clock.ts';
import type { Log } from './log.ts';

/** A jump of the wall clock by more than this is not explained by its being set: milliseconds. */
const JUMP = 60_000;
/** So long without another jump, and the clock is believed: milliseconds. */
const STABLE = 3_600_000;

const REMEDY =
  'renewals go on, but run-out addresses are given to nobody else for an hour; if the time is right now, send SIGHUP to end that';

/**
 * Whether the wall clock can be trusted with the end of leases: not after a jump, nor while it is before what it was
 * when a lease was stored, until it has been stable for an hour or the operator says so.
 */
export class TimeGuard {
  readonly #clock: Clock;
  readonly #log: Log;
  #wall: Instant;
  #monotonic: number;
  /** Monotonic time of what cast doubt on the clock. */
  #doubtfulSince: number | undefined;

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

  get trustsClock(): boolean {
    return this.#doubtfulSince === undefined;
  }

  /** Compares the two clocks; for once a second. */
  check(): void {
    const wall = this.#clock.now();
    const monotonic = this.#clock.monotonic();
    const jumped = wall - this.#wall - (monotonic - this.#monotonic);
    this.#wall = wall;
    this.#monotonic = monotonic;
    if (Math.abs(jumped) > JUMP)
      this.#doubt({ jumpedMilliseconds: Math.round(jumped) }, 'the clock has jumped');
    else if (this.#doubtfulSince !== undefined && monotonic - this.#doubtfulSince >= STABLE) this.trust();
  }

  /** The operator, or an hour, says that the time is right. */
  trust(): void {
    if (this.#doubtfulSince === undefined) return;
    this.#doubtfulSince = undefined;
    this.#log.warn({}, 'the clock is trusted again');
  }

  #doubt(fields: object, message: string): void {
    const isFirst = this.#doubtfulSince === undefined;
    this.#doubtfulSince = this.#monotonic;
    if (isFirst) this.#log.warn({ ...fields, remedy: REMEDY }, message);
  }
}
