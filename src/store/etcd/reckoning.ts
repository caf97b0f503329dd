import type { Clock } from '../../lease/clock.ts';
import { type Instant, instant, type Lease, NEVER, type Version } from '../../lease/lease.ts';
import { lengthOf } from '../../lease/lease-end.ts';
import type { LeaseEndEstimator } from '../../lease-table/lease-end-estimator.ts';
import type { Ipv4 } from '../../net/ipv4.ts';
import type { RevisionTime } from '../mirror.ts';
import { Completeness } from './completeness.ts';
import { CLOCK_GRACE } from './keys/clock-grace.ts';

/** The unit of the times since which records are known: milliseconds. */
const UNIT = 100;
/** Time between two notes for the next process: milliseconds; and the most notes that are kept. */
const NOTE_EVERY = 300_000;
const MOST_NOTES = 64;

export interface ReckoningParts {
  readonly clock: Clock;
  readonly isOwn: (granter: Ipv4) => boolean;
  /** True: this process has made this operation id. */
  readonly isOwnOperation: (op: string) => boolean;
  /** True: a live gateway's newest heartbeat agrees with this wall clock, and none differs. */
  readonly agrees: () => boolean;
  /** True: a live gateway's newest heartbeat differs from this wall clock. */
  readonly differs: () => boolean;
  /** The notes of the previous process, the oldest first. */
  readonly notes: readonly RevisionTime[];
}

/**
 * Computes when leases end that other gateways have granted. Their clocks are not asked: they may be days off. Such a lease
 * ends when this gateway has known it for its length, by its own monotonic clock, and its address is free for others a
 * minute later. The end is given in this gateway's wall clock as it is now. The waiting survives a restart while a live
 * gateway agrees with the wall clock, now and when it was noted; otherwise it begins anew. A lease that this process has
 * granted ends by the wall clock. One of an earlier process of this gateway counts as another's, since the clock may have
 * been set between them; a change that such a process had sent may arrive late, and is known by its operation id.
 *
 * What a lease's holder is told rests on the other side of it: it may have been written long before it was known here, for
 * the answer to a change, and the watch, may be late, and this process may stand still before it sees them.
 */
export class Reckoning implements LeaseEndEstimator {
  readonly completeness = new Completeness();
  readonly #parts: ReckoningParts;
  /** The notes of the previous process. */
  #before: readonly RevisionTime[];
  #notes: readonly RevisionTime[];
  #notedAt: number | undefined;
  /** False: records that arrive may be of an earlier process, under another clock. */
  #hasBegun = false;
  /** The wall clock minus the monotonic one: milliseconds. */
  #offset = 0;

  constructor(parts: ReckoningParts) {
    this.#parts = parts;
    this.#before = parts.notes;
    this.#notes = parts.notes;
  }

  /** The time now, in units, times two; plus one for a record that arrives after `begin` and is not of an earlier process. */
  now(isEarlier = false): number {
    const isLearnt = this.#hasBegun && !isEarlier;
    return Math.floor(this.#parts.clock.monotonic() / UNIT) * 2 + (isLearnt ? 1 : 0);
  }

  /** The moment after which a record that was not known until now was written: in units, plus one; 0: there is none. */
  writtenAfter(): number {
    return Math.max(0, Math.floor(this.completeness.since / UNIT) + 1);
  }

  /** True for a record that an earlier process of this gateway has written, by the operation id of its change. */
  isOfEarlier(granter: Ipv4, operationId: string): boolean {
    return this.#parts.isOwn(granter) && !this.#parts.isOwnOperation(operationId);
  }

  /** Call it when all records that an earlier process has written have been read. */
  begin(): void {
    this.#hasBegun = true;
  }

  endOf(lease: Lease, knownAt: number): Instant {
    const { state, expiresAt, granter, version } = lease;
    const isEndless = state === 'free' || state === 'peer' || expiresAt === NEVER;
    if (isEndless || !this.counts(granter, knownAt)) return expiresAt;
    const length = lengthOf(lease);
    const end = this.#since(Math.floor(knownAt / 2), length);
    if (this.#before.length === 0 || !this.#parts.agrees()) return end;
    const before = this.#knownBefore(version);
    // The clock may be off by the grace now, and may have been then.
    return before === undefined ? end : instant(Math.min(end, before + length + 2 * CLOCK_GRACE));
  }

  /** False for a lease that this process has granted: it ends by the wall clock. */
  counts(granter: Ipv4, knownAt: number): boolean {
    return isEarlier(knownAt) || !this.#parts.isOwn(granter);
  }

  promisedUntil(lease: Lease, knownAt: number, writtenAfter: number): Instant {
    const { expiresAt, updatedAt } = lease;
    if (expiresAt === NEVER) return NEVER;
    if (!isEarlier(knownAt)) {
      if (writtenAfter === 0) return instant(0);
      // Also what this process has granted, for the wall clock may have been set since.
      const end = this.#since(writtenAfter - 1, lengthOf(lease));
      return instant(Math.min(this.endOf(lease, knownAt), end));
    }
    // Nothing but a wall clock says how long it has run: this one's, which nothing speaks against.
    const isDoubtful = this.#parts.differs() || updatedAt > this.#parts.clock.now() + CLOCK_GRACE;
    return isDoubtful ? instant(0) : expiresAt;
  }

  /** Another gateway's offer, with times of this gateway's clock: it is known since now. */
  offer(offer: Lease): Lease {
    if (this.#parts.isOwn(offer.granter)) return offer;
    const updatedAt = this.#parts.clock.now();
    return { ...offer, updatedAt, expiresAt: instant(updatedAt + lengthOf(offer)) };
  }

  /** Call it once a second, with the revision up to which all is known. Returns new notes for the next process; undefined: none. */
  note(revision: Version): readonly RevisionTime[] | undefined {
    const { clock, agrees } = this.#parts;
    const monotonic = clock.monotonic();
    const last = this.#notes.at(-1);
    const at = clock.now();
    if (this.#notedAt !== undefined && last !== undefined) {
      const jumped = at - last.at - (monotonic - this.#notedAt);
      if (Math.abs(jumped) > CLOCK_GRACE) return this.forget();
      if (monotonic - this.#notedAt < NOTE_EVERY) return undefined;
    }
    if (!agrees()) return undefined;
    this.#notedAt = monotonic;
    this.#notes = thinned([...this.#notes.filter((note) => note.at <= at), { revision, at }]);
    return this.#notes;
  }

  /** Call it when the clock has jumped, or the revisions count anew: the notes are worthless. Returns the empty notes. */
  forget(): readonly RevisionTime[] {
    this.#before = [];
    this.#notes = [];
    this.#notedAt = undefined;
    return this.#notes;
  }

  /** The wall-clock time that is this many milliseconds after a monotonic time in units. */
  #since(units: number, milliseconds: number): Instant {
    const { clock } = this.#parts;
    const offset = clock.now() - clock.monotonic();
    if (Math.abs(offset - this.#offset) >= 2) this.#offset = offset; // Two readings of one end are the same.
    return instant(Math.floor(this.#offset + units * UNIT + milliseconds));
  }

  #knownBefore(version: Version): Instant | undefined {
    return this.#before.find(({ revision }) => revision >= version)?.at;
  }
}

/** True for a record that existed, or had been sent, when this process began. */
function isEarlier(knownAt: number): boolean {
  return knownAt % 2 === 0;
}

/** Drops every second one of the old notes: a later note is also true, and only makes the wait longer. */
function thinned(notes: readonly RevisionTime[]): readonly RevisionTime[] {
  return notes.length <= MOST_NOTES
    ? notes
    : notes.filter((_, index) => index % 2 === 1 || index >= MOST_NOTES / 2);
}
