import type { Clock } from '../lease/clock.ts';
import type { Boot, ClockJump, ClockNote, DoubtCause, Explanation } from '../lease/clock-note.ts';
import type { Instant } from '../lease/lease.ts';
import { CLOCK_TOLERANCE, type ClockTrust, EARLIEST } from '../lease/lease-end.ts';
import type { Log } from '../log/log.ts';
import type { LeaseStore } from '../store/lease-store.ts';

/** The clock is believed after so long without another jump at the least, and at the most: milliseconds. */
const STEADY_LEAST = 3_600_000;
const STEADY_MOST = 7 * 86_400_000;
/** What is known of a jump is forgotten after the longest lease time, and after so long at the most: milliseconds. */
const FORGOTTEN_AFTER = 400 * 86_400_000;
/** How often the clock is noted, in doubt and else: milliseconds. */
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
  /** Undefined: it is not known. Then nothing shows how long the gateway was off. */
  readonly boot?: Boot | undefined;
  /** When a gateway that shares the leases agreed with this clock last: monotonic milliseconds. Undefined: none has. */
  readonly agreedAt?: (() => number | undefined) | undefined;
}

/**
 * Whether the wall clock can be trusted with the end of leases: not after a jump, nor while it is before what it was
 * when a lease was stored, until that is explained: it has been stable for the longest lease time (an hour to a week), a
 * gateway that shares the leases agrees, or the operator says so. By a stable lease time every client has renewed by the
 * right clock, or its lease has ended by its own. An hour for all was not enough: a node that starts with a dead clock,
 * grants 12 hours and then has its time set by NTP freed the lease an hour later, while its client held it. Leases
 * without end, or of more than a week, are believed after a week.
 *
 * The doubt is noted in the store, and a restart does not end it. Time counts over restarts as far as it is proven: a
 * process of the same boot goes on by the machine's monotonic clock, and finds a jump between two lives by it; of
 * another boot only what was noted while the gateway ran counts.
 */
export class TimeGuard {
  readonly #parts: TimeGuardParts;
  readonly #begin: number;
  #wall: Instant;
  #monotonic: number;
  #jump: ClockJump | undefined;
  /** Monotonic time from which `steadyFor` of the jump counts, and when it was seen by this process. */
  #steadySince: number;
  #seenAt: number;
  /** Undefined: it is not known yet. */
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

  /** As the two clocks are now: a jump is known before anything is decided by it. */
  get trustsClock(): boolean {
    this.check();
    return !this.isInDoubt;
  }

  /** As it was when the clocks were read last. */
  get isInDoubt(): boolean {
    return this.#jump !== undefined && this.#jump.explainedBy === undefined;
  }

  /** The wall clock less the monotonic one, as they were read last: milliseconds. */
  get offset(): number {
    return this.#wall - this.#monotonic;
  }

  /** What leases are ended by, as it was when the clocks were read last. */
  get clockTrust(): ClockTrust {
    const steadyFor = this.#jump === undefined ? Number.POSITIVE_INFINITY : this.#steadyFor;
    const knownFor = this.#jump === undefined ? this.#monotonic - this.#begin : steadyFor;
    return { isTrusted: !this.isInDoubt, steadyFor, knownFor };
  }

  /** The last jump, as long as leases from before it may run; undefined: none is known. */
  get jump(): ClockJump | undefined {
    return this.#jump === undefined ? undefined : { ...this.#jump, steadyFor: this.#steadyFor };
  }

  /** For so long the clock has to be stable before it is believed: milliseconds. */
  get steadyEnoughFor(): number {
    const seconds = Math.max(this.#longestLease ?? Number.POSITIVE_INFINITY, this.#jump?.longestLease ?? 0);
    return Math.min(Math.max(seconds * 1000, STEADY_LEAST), STEADY_MOST);
  }

  /** How long the leases are that are given from now on. */
  set longestLease(seconds: number) {
    this.#longestLease = seconds;
    if (this.#jump === undefined || this.#jump.longestLease >= seconds) return;
    this.#jump = { ...this.#jump, longestLease: seconds };
  }

  /** Compares the two clocks; once a second at the least, that doubt ends in time. */
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

  /** The operator says that the time is right. False: it cannot be, and stays in doubt. */
  trust(): boolean {
    this.check();
    if (this.#wall < EARLIEST) return false;
    if (this.isInDoubt) this.#trustAgain('operator');
    return true;
  }

  /** For the next process, before this one ends. */
  note(): void {
    this.check();
    this.#note();
  }

  get #steadyFor(): number {
    return Math.max(0, this.#monotonic - this.#steadySince);
  }

  /** The store has it soon. */
  #note(): void {
    const { store, boot } = this.#parts;
    this.#notedAt = this.#monotonic;
    store.noteClock?.({
      boot: boot?.id ?? '',
      monotonic: this.#monotonic + (boot?.offset ?? 0),
      wall: this.#wall,
      revision: store.leases.revision,
      jump: this.jump,
    });
  }

  /** What the process before this one knew, and what has become of the clock since. */
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

  /** A doubt of an earlier process stands. */
  #logKnownDoubt(): void {
    if (this.#jump !== undefined && this.isInDoubt) this.#logDoubt(this.#jump, 'the clock is still in doubt');
  }

  #doubtEarly(): void {
    this.#steadySince = this.#monotonic; // No wait makes it right.
    if (this.#jump?.cause !== 'early' || !this.isInDoubt) this.#doubt('early', this.#wall - EARLIEST);
  }

  #doubt(cause: DoubtCause, milliseconds: number): void {
    // That an early time is set right is news.
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

  /** Without another jump. */
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

  #trustAgain(explainedBy: Explanation): void {
    if (this.#jump === undefined) return;
    this.#jump = { ...this.#jump, explainedBy };
    this.#parts.log.warn({ by: explainedBy }, 'the clock is trusted again');
    this.#note();
  }
}
