import type { Clock } from '../lease/clock.ts';
import type {
  ClockJump,
  ClockNote,
  ClockOrder,
  DoubtCause,
  Explanation,
  MachineBoot,
} from '../lease/clock-note.ts';
import { CLOCK_TRUSTED } from '../lease/history-event.ts';
import { historyReason } from '../lease/history-reason.ts';
import type { Instant } from '../lease/lease.ts';
import { CLOCK_TOLERANCE, type ClockTrust, EARLIEST } from '../lease/lease-end.ts';
import type { OrderedBy } from '../lease/lease-view.ts';
import type { Log } from '../log/log.ts';
import type { LeaseStore } from '../store/lease-store.ts';

/** The shortest and the longest time without a jump after which the clock is trusted again: milliseconds. */
const STEADY_LEAST = 3_600_000;
const STEADY_MOST = 7 * 86_400_000;
/** A jump is forgotten after the longest lease time, at the latest after this time: milliseconds. */
const FORGOTTEN_AFTER = 400 * 86_400_000;
/** How often the clock is stored, in doubt and otherwise: milliseconds. */
const NOTE_IN_DOUBT = 60_000;
const NOTE_EVERY = 600_000;

export const CLOCK_REMEDY =
  'renewals go on, but what has run out is given to nobody else until all leases from before have been renewed or are over; if the time is right now, run `vps-gateway clock trust` to end that';

const MESSAGES: Readonly<Record<DoubtCause, string>> = {
  jumped: 'the clock has jumped',
  behind: 'the clock runs before the last stored lease',
  early: 'the clock says a time from before this program was made',
};

export interface TimeGuardParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly store: Pick<LeaseStore, 'leases' | 'lastStoredAt' | 'clockNote' | 'noteClock'>;
  /** The boot of the machine; undefined: unknown, so nothing shows how long the gateway was off. */
  readonly boot?: MachineBoot | undefined;
  /** When a gateway that shares the leases last agreed with this clock: monotonic milliseconds; undefined: never. */
  readonly agreedAt?: (() => number | undefined) | undefined;
}

/**
 * Decides whether leases may end by the wall clock. The clock is in doubt after a jump, and while it is earlier than the
 * last stored lease. The doubt ends when the clock has been steady for the longest lease time (at least an hour, at most a
 * week), when a gateway that shares the leases agrees, or when the operator says so. After the longest lease time every
 * client has renewed by the right clock, or its lease has ended by its own clock.
 *
 * The doubt is stored, and a restart does not end it. The steady time goes on over restarts as far as it is proven: after
 * a restart in the same boot the machine's monotonic clock proves it, and shows a jump; after a reboot only the time that
 * was stored while the gateway ran counts.
 */
export class TimeGuard {
  readonly #parts: TimeGuardParts;
  readonly #begin: number;
  #wall: Instant;
  #monotonic: number;
  #jump: ClockJump | undefined;
  /** Since when the clock is steady, and when this process saw the jump: monotonic milliseconds. */
  #steadySince: number;
  #seenAt: number;
  /** Seconds; undefined: not known yet. */
  #longestLease: number | undefined;
  #notedAt = Number.NEGATIVE_INFINITY;

  constructor(parts: TimeGuardParts) {
    const { clock } = parts;
    this.#parts = parts;
    this.#wall = clock.now();
    this.#monotonic = clock.monotonic();
    this.#begin = this.#monotonic;
    this.#steadySince = this.#monotonic;
    this.#seenAt = this.#monotonic;
    this.#recall(parts.store.clockNote);
    this.#note();
  }

  /** Reads both clocks first, so that a jump is noticed before a decision rests on the clock. */
  get trustsClock(): boolean {
    this.check();
    return !this.isInDoubt;
  }

  /** The result of the last reading of the clocks. */
  get isInDoubt(): boolean {
    return this.#jump !== undefined && this.#jump.explainedBy === undefined;
  }

  /** Wall clock minus monotonic clock, at the last reading: milliseconds. */
  get offset(): number {
    return this.#wall - this.#monotonic;
  }

  /** What the end of leases is decided by, at the last reading of the clocks. */
  get clockTrust(): ClockTrust {
    const steadyFor = this.#jump === undefined ? Number.POSITIVE_INFINITY : this.#steadyFor;
    const knownFor = this.#jump === undefined ? this.#monotonic - this.#begin : steadyFor;
    return { isTrusted: !this.isInDoubt, steadyFor, knownFor };
  }

  /** The last jump, while leases from before it may run; undefined: none. */
  get jump(): ClockJump | undefined {
    return this.#jump === undefined ? undefined : { ...this.#jump, steadyFor: this.#steadyFor };
  }

  /** How long the clock must be steady before it is trusted again: milliseconds. */
  get steadyEnoughFor(): number {
    const seconds = Math.max(this.#longestLease ?? Number.POSITIVE_INFINITY, this.#jump?.longestLease ?? 0);
    return Math.min(Math.max(seconds * 1000, STEADY_LEAST), STEADY_MOST);
  }

  /** The longest lease that is granted from now on. */
  set longestLease(seconds: number) {
    this.#longestLease = seconds;
    if (this.#jump === undefined || this.#jump.longestLease >= seconds) return;
    this.#jump = { ...this.#jump, longestLease: seconds };
  }

  /** Compares the two clocks. Call it at least once a second, so that the doubt ends in time. */
  check(): void {
    const wall = this.#parts.clock.now();
    const monotonic = this.#parts.clock.monotonic();
    const jumped = wall - this.#wall - (monotonic - this.#monotonic);
    this.#wall = wall;
    this.#monotonic = monotonic;
    if (wall < EARLIEST) this.#doubtEarly();
    else if (Math.abs(jumped) > CLOCK_TOLERANCE) this.#doubt('jumped', Math.round(jumped));
    else if (this.#jump !== undefined) this.#checkSteady(this.#jump);
    if (monotonic - this.#notedAt >= (this.isInDoubt ? NOTE_IN_DOUBT : NOTE_EVERY)) this.#note();
  }

  /**
   * The operator says that the time is right. Returns false if it cannot be right; then the doubt stays. Where it ends a doubt,
   * the history names who has said so, and why.
   */
  trust(by: OrderedBy): boolean {
    this.check();
    if (this.#wall < EARLIEST) return false;
    if (!this.isInDoubt) return true;
    this.#trustAgain('operator', [{ at: this.#wall, reason: historyReason({ reason: CLOCK_TRUSTED, by }) }]);
    return true;
  }

  /** Stores the state of the clock for the next process. Call it before this one ends. */
  note(): void {
    this.check();
    this.#note();
  }

  get #steadyFor(): number {
    return Math.max(0, this.#monotonic - this.#steadySince);
  }

  /** The store writes it soon, not at once. */
  #note(orders: readonly ClockOrder[] = []): void {
    const { store, boot } = this.#parts;
    this.#notedAt = this.#monotonic;
    store.noteClock?.({
      boot: boot?.id ?? '',
      monotonic: this.#monotonic + (boot?.offset ?? 0),
      wall: this.#wall,
      revision: store.leases.revision,
      jump: this.jump,
      ...(orders.length > 0 && { orders }),
    });
  }

  /** Takes over what the process before this one stored, and finds a jump since then. */
  #recall(note: ClockNote | undefined): void {
    const { boot, store } = this.#parts;
    const isSameBoot = note !== undefined && boot !== undefined && note.boot === boot.id;
    const passed = isSameBoot ? this.#monotonic + boot.offset - note.monotonic : 0;
    this.#jump = note?.jump;
    this.#steadySince = this.#monotonic - (note?.jump?.steadyFor ?? 0) - Math.max(0, passed);
    const jumped = note === undefined ? 0 : this.#wall - note.wall - passed;
    if (this.#wall < EARLIEST) this.#doubtEarly();
    else if (isSameBoot) {
      if (Math.abs(jumped) > CLOCK_TOLERANCE) this.#doubt('jumped', Math.round(jumped));
      else this.#logKnownDoubt();
    } else if (jumped < -CLOCK_TOLERANCE) this.#doubt('behind', Math.round(jumped));
    else if (this.#wall < store.lastStoredAt) this.#doubt('behind', this.#wall - store.lastStoredAt);
    else if (note !== undefined && note.wall < EARLIEST) this.#doubt('jumped', Math.round(jumped));
    else this.#logKnownDoubt();
  }

  /** Logs a doubt that an earlier process left. */
  #logKnownDoubt(): void {
    if (this.#jump !== undefined && this.isInDoubt) this.#logDoubt(this.#jump, 'the clock is still in doubt');
  }

  #doubtEarly(): void {
    this.#steadySince = this.#monotonic; // Waiting does not make the time right.
    if (this.#jump?.cause !== 'early' || !this.isInDoubt) this.#doubt('early', this.#wall - EARLIEST);
  }

  #doubt(cause: DoubtCause, milliseconds: number): void {
    // A jump that corrects an early time is logged too.
    const isFirst = !this.isInDoubt || this.#jump?.cause === 'early';
    const longestLease = Math.max(this.#longestLease ?? 0, this.#jump?.longestLease ?? 0);
    const steadyFor = 0;
    const explainedBy = undefined;
    this.#jump = { cause, at: this.#wall, milliseconds, steadyFor, longestLease, explainedBy };
    this.#steadySince = this.#monotonic;
    this.#seenAt = this.#monotonic;
    if (isFirst) this.#logDoubt(this.#jump, MESSAGES[cause]);
    this.#note();
  }

  #logDoubt({ cause, milliseconds }: ClockJump, message: string): void {
    this.#parts.log.warn({ cause, milliseconds, remedy: CLOCK_REMEDY }, message);
  }

  /** Ends the doubt, or forgets the jump, when the clock has been steady for long enough. */
  #checkSteady({ explainedBy, longestLease }: ClockJump): void {
    const agreedAt = this.#parts.agreedAt?.();
    if (explainedBy === undefined) {
      if (this.#steadyFor >= this.steadyEnoughFor) this.#trustAgain('steadiness');
      else if (agreedAt !== undefined && agreedAt > this.#seenAt) this.#trustAgain('peer');
    } else if (
      this.#steadyFor >= Math.max(this.steadyEnoughFor, Math.min(longestLease * 1000, FORGOTTEN_AFTER))
    ) {
      this.#jump = undefined;
      this.#note();
    }
  }

  #trustAgain(explainedBy: Explanation, orders?: readonly ClockOrder[]): void {
    if (this.#jump === undefined) return;
    this.#jump = { ...this.#jump, explainedBy };
    this.#parts.log.warn({ by: explainedBy }, 'the clock is trusted again');
    this.#note(orders);
  }
}
