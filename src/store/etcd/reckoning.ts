import type { Clock } from '../../lease/clock.ts';
import { type Instant, instant, type Lease, NEVER, type Version } from '../../lease/lease.ts';
import { lengthOf } from '../../lease/lease-end.ts';
import type { LeaseReckoning } from '../../lease-table/lease-columns.ts';
import type { Ipv4 } from '../../net/ipv4.ts';
import type { KnownNote } from '../mirror.ts';
import { CLOCK_GRACE } from './keys/clock-grace.ts';

/** In which the time is kept of which a record is known: milliseconds. */
const UNIT = 100;
/** How often it is noted what is known, for the next process; and how many such notes are kept. */
const NOTE_EVERY = 300_000;
const MOST_NOTES = 64;

export interface ReckoningParts {
  readonly clock: Clock;
  readonly isOwn: (granter: Ipv4) => boolean;
  /** Whether this process has made this mark of a change. */
  readonly isOwnOperation: (op: string) => boolean;
  /** Whether a live gateway's newest heartbeat agrees with this wall clock. */
  readonly agrees: () => boolean;
  /** Whether one's newest heartbeat does not. */
  readonly differs: () => boolean;
  /** What the process before this one noted, the oldest first. */
  readonly notes: readonly KnownNote[];
}

/**
 * When leases end that other gateways have granted: no clock of theirs is asked, since it may be days off. One ends when
 * this gateway has known it for its length, by its own monotonic clock, and is over for others a minute later; its end is
 * told by this gateway's wall clock as that is now. The waiting survives a restart as long as a live gateway agrees with
 * the wall clock, as one did when it was noted; otherwise it begins anew. What this process has granted ends by its wall
 * clock; what an earlier one of this gateway has is as another's, for the clock may have been set between them. What that
 * one had sent when it ended may be written after this one has read all, and is known by the mark of its change.
 */
export class Reckoning implements LeaseReckoning {
  readonly #parts: ReckoningParts;
  /** Of the process before this one. */
  #before: readonly KnownNote[];
  #notes: readonly KnownNote[];
  #notedAt: number | undefined;
  /** False: all that is learnt may have been written by an earlier process, under whatever clock. */
  #hasBegun = false;
  /** The wall clock less the monotonic one: milliseconds. */
  #offset = 0;

  constructor(parts: ReckoningParts) {
    this.#parts = parts;
    this.#before = parts.notes;
    this.#notes = parts.notes;
  }

  /** In units, doubled; and one more for what is learnt after `begin`, but for what an earlier process has written. */
  now(isEarlier = false): number {
    const isLearnt = this.#hasBegun && !isEarlier;
    return Math.floor(this.#parts.clock.monotonic() / UNIT) * 2 + (isLearnt ? 1 : 0);
  }

  /** True for what an earlier process of this gateway has written, by the mark of the change that did. */
  isOfEarlier(granter: Ipv4, operationId: string): boolean {
    return this.#parts.isOwn(granter) && !this.#parts.isOwnOperation(operationId);
  }

  /** All that was written by an earlier process of this gateway has been read. */
  begin(): void {
    this.#hasBegun = true;
  }

  endOf(lease: Lease, knownAt: number): Instant {
    const { state, expiresAt, granter, version } = lease;
    const isEndless = state === 'free' || state === 'peer' || expiresAt === NEVER;
    if (isEndless || !this.counts(granter, knownAt)) return expiresAt;
    const length = lengthOf(lease);
    const end = this.#since(knownAt, length);
    if (this.#before.length === 0 || !this.#parts.agrees()) return end;
    const before = this.#knownBefore(version);
    // The clock may be off by the grace now, and may have been then.
    return before === undefined ? end : instant(Math.min(end, before + length + 2 * CLOCK_GRACE));
  }

  /** False for what this process has granted, which ends by the wall clock. */
  counts(granter: Ipv4, knownAt: number): boolean {
    return isEarlier(knownAt) || !this.#parts.isOwn(granter);
  }

  promisedUntil(lease: Lease, knownAt: number): Instant {
    const { expiresAt, updatedAt } = lease;
    if (expiresAt === NEVER) return NEVER;
    // Also what this process has granted, for the wall clock may have been set since.
    if (!isEarlier(knownAt))
      return instant(Math.min(this.endOf(lease, knownAt), this.#since(knownAt, lengthOf(lease))));
    // Nothing but a wall clock says how long it has run: this one's, which nothing speaks against.
    const isDoubtful = this.#parts.differs() || updatedAt > this.#parts.clock.now() + CLOCK_GRACE;
    return isDoubtful ? instant(0) : expiresAt;
  }

  /** Another gateway's offer, which is known since now. */
  offer(offer: Lease): Lease {
    if (this.#parts.isOwn(offer.granter)) return offer;
    const updatedAt = this.#parts.clock.now();
    return { ...offer, updatedAt, expiresAt: instant(updatedAt + lengthOf(offer)) };
  }

  /** Now and then, all up to this revision being known. Returns the notes for the next process; undefined: as before. */
  note(revision: Version): readonly KnownNote[] | undefined {
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

  /** The clock has jumped, or the store counts anew: what was noted says nothing any more. */
  forget(): readonly KnownNote[] {
    this.#before = [];
    this.#notes = [];
    this.#notedAt = undefined;
    return this.#notes;
  }

  /** So many milliseconds after a record became known. */
  #since(knownAt: number, milliseconds: number): Instant {
    const { clock } = this.#parts;
    const offset = clock.now() - clock.monotonic();
    if (Math.abs(offset - this.#offset) >= 2) this.#offset = offset; // Two readings of one end are the same.
    return instant(Math.floor(this.#offset + Math.floor(knownAt / 2) * UNIT + milliseconds));
  }

  #knownBefore(version: Version): Instant | undefined {
    return this.#before.find(({ revision }) => revision >= version)?.at;
  }
}

/** True for what was there when this process began, or was sent by then. */
function isEarlier(knownAt: number): boolean {
  return knownAt % 2 === 0;
}

/** Fewer of the old ones: a later note is as true, and only makes the wait longer. */
function thinned(notes: readonly KnownNote[]): readonly KnownNote[] {
  return notes.length <= MOST_NOTES
    ? notes
    : notes.filter((_, index) => index % 2 === 1 || index >= MOST_NOTES / 2);
}
