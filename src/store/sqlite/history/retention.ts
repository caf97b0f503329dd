import type { Database, Statement } from 'better-sqlite3';
import { INFINITE_SECONDS, type Instant } from '../../../lease/lease.ts';
import type { HardwareAddress } from '../../../net/hardware-address.ts';
import type { JournalRecord } from '../journal/journal-record.ts';
import { DayOfRows, HeavyWriters } from './heavy-writers.ts';

/** Rows that one step of pruning deletes at most. It is more than one step of the applier writes. */
export const PRUNE_ROWS = 256;
/** How many rows are counted at once: a millisecond or two. */
const COUNT_ROWS = 1024;
/** What writes this part of all rows on one day is a flood. */
const FLOOD_PART = 8;
/** A time that has moved by more since it was told last may be a jump of the clock, which is noted in a second: milliseconds. */
const LEAP = 60_000;
/** No row: before all. */
const NONE = 0;

export interface RetentionOptions {
  /** How long the history is kept; 0xffffffff: without end. */
  readonly seconds: number;
  /** Rows that the history has at most. */
  readonly rows: number;
}

export const DEFAULT_HISTORY: RetentionOptions = { seconds: 90 * 86_400, rows: 1_000_000 };

/**
 * Ends rows of the history that are too old or too many. Too old: the oldest, and none while the clock is in doubt; a row
 * from a time that is still to come (the clock was wrong) is as old as the one behind it. Too many, with the transaction that writes
 * more: of network cards that write many a day the oldest of whoever has most, but never the first few of a day; else,
 * where one day has written an eighth of all, the oldest of that day; else the oldest. So that a guest that writes as
 * fast as it can ends what it wrote itself, and a guest that forges cards ends what was written on the day it does so.
 * The rows that stand in the file at first are counted piece by piece; until then none is too many.
 */
export class Retention {
  readonly #options: RetentionOptions;
  readonly #isInDoubt: () => boolean;
  readonly #bounds: Statement;
  readonly #countPiece: Statement;
  readonly #piece: Statement;
  readonly #pruneOld: Statement;
  readonly #pruneOldest: Statement;
  readonly #pruneRow: Statement;
  readonly #pruneExcessAtOnce: () => void;
  #heavy = new HeavyWriters();
  #today = new DayOfRows();
  /** Of the row that was counted last. */
  #countedDay = new DayOfRows();
  /** Rows up to the first are counted, those up to the second are to be; what is beyond is counted as it is written. */
  #countedTo = NONE;
  #countTo = NONE;
  /** False: what is in the file when the count begins is all to be counted. */
  #isBegun = false;
  #isCounted = false;
  #rows = 0;
  /** The oldest row when it was last looked at. */
  #oldest = NONE;
  /** What time it was, as it was told last. */
  #toldAt: Instant | undefined;
  #hasLeapt = false;
  /** Rows before this one are from times that are still to come. */
  #aheadTo = NONE;

  /** @param isInDoubt Whether the clock is: then no row is too old. */
  constructor(database: Database, options: RetentionOptions, isInDoubt: () => boolean) {
    this.#options = options;
    this.#isInDoubt = isInDoubt;
    this.#bounds = database
      .prepare('SELECT (SELECT min(id) FROM history), (SELECT max(id) FROM history)')
      .raw();
    this.#piece = database
      .prepare(`SELECT id, at FROM history WHERE id >= ? ORDER BY id LIMIT ${COUNT_ROWS}`)
      .raw();
    this.#countPiece = database
      .prepare(`SELECT id, mac, at FROM history WHERE id > ? AND id <= ? ORDER BY id LIMIT ${COUNT_ROWS}`)
      .raw();
    this.#pruneOld = database.prepare('DELETE FROM history WHERE id >= ? AND id < ? AND (at < ? OR id < ?)');
    this.#pruneOldest = database.prepare(
      'DELETE FROM history WHERE id IN (SELECT id FROM history WHERE id >= ? ORDER BY id LIMIT ?)',
    );
    this.#pruneRow = database.prepare('DELETE FROM history WHERE id = ?');
    this.#pruneExcessAtOnce = database.transaction(() => this.pruneExcess());
  }

  /** What was counted has not happened, perhaps: a transaction has failed. */
  countAnew(): void {
    this.#isBegun = false;
    this.#isCounted = false;
  }

  /** A row came (1) or went (-1), or neither. */
  count({ eventId, hardware, updatedAt: at }: JournalRecord, rows: number): void {
    const isToCome = !this.#isCounted && eventId > this.#countedTo && eventId <= this.#countTo;
    if (rows === 0 || !this.#isBegun || isToCome) return;
    this.#rows += rows;
    if (rows > 0) {
      if (!this.#today.isOf(at)) this.#heavy.dropBefore(this.#oldest);
      this.#add(this.#today, eventId, hardware, at);
    } else {
      this.#today.remove(hardware, eventId);
      this.#heavy.remove(hardware, eventId);
    }
  }

  #add(day: DayOfRows, id: number, hardware: HardwareAddress, at: Instant): void {
    if (!day.isOf(at)) day.begin(at, id);
    this.#heavy.add(hardware, id, day.add(hardware));
  }

  /** Deletes a piece of what is too much, in the transaction that writes more: guests may write as fast as they like. */
  pruneExcess(): void {
    if (!this.#isCounted) this.#countMore();
    if (!this.#isCounted) return;
    let excess = Math.min(this.#rows - this.#options.rows, PRUNE_ROWS);
    if (excess <= 0) return;
    for (const id of this.#heavy.take()) {
      if (this.#pruneRow.run(id).changes === 0) continue;
      this.#rows -= 1;
      if (id >= this.#today.first) this.#today.rows -= 1;
      excess -= 1;
      if (excess === 0) return;
    }
    const isFlood = this.#today.rows > this.#options.rows / FLOOD_PART;
    const pruned = this.#pruneOldest.run(isFlood ? this.#today.first : NONE, excess).changes;
    this.#rows -= pruned;
    if (isFlood) this.#today.rows -= pruned;
  }

  /**
   * Counts a piece, or deletes a piece of what is too old or too much. Returns true if the next piece is not to wait: until
   * all are counted and none is too much, a flood writes more rows than there may be.
   */
  prune(now: Instant): boolean {
    const isSteady = this.#isSteady(now);
    const [oldest] = this.#bounds.get() as readonly (number | null)[];
    if (typeof oldest !== 'number') return false;
    if (oldest < this.#oldest) this.countAnew(); // Older rows were put back, from another file.
    this.#oldest = oldest;
    if (!this.#isCounted) this.#countMore();
    if (!this.#isCounted) return true;
    const rows = this.#rows;
    if (isSteady && !this.#isInDoubt()) this.#pruneAged(oldest, now);
    this.#pruneExcessAtOnce();
    return this.#rows > this.#options.rows && this.#rows < rows;
  }

  /** False: the clock may have jumped, and nobody has looked yet. Once: it may as well not have been told for long. */
  #isSteady(now: Instant): boolean {
    const distance = Math.abs(now - (this.#toldAt ?? now));
    this.#toldAt = now;
    this.#hasLeapt = distance > LEAP && !this.#hasLeapt;
    return !this.#hasLeapt;
  }

  #pruneAged(oldest: number, now: Instant): void {
    const { seconds } = this.#options;
    if (seconds === INFINITE_SECONDS) return;
    const before = now - seconds * 1000;
    const [id, at] = this.#firstNotAhead(oldest, now) ?? [];
    if (id === undefined || at === undefined || at >= before) return;
    this.#rows -= this.#pruneOld.run(oldest, oldest + PRUNE_ROWS, before, id).changes;
  }

  /** The oldest row that is not from a time that is still to come; undefined: it is not found yet. */
  #firstNotAhead(oldest: number, now: Instant): readonly [id: number, at: number] | undefined {
    this.#aheadTo = Math.max(this.#aheadTo, oldest);
    for (const row of this.#piece.iterate(this.#aheadTo)) {
      const [id, at] = row as [number, number];
      this.#aheadTo = id;
      if (at <= now) return [id, at];
    }
    return undefined;
  }

  #beginCount(): void {
    const [oldest, newest] = this.#bounds.get() as readonly (number | null)[];
    this.#heavy = new HeavyWriters();
    this.#today = new DayOfRows();
    this.#countedDay = new DayOfRows();
    this.#countedTo = NONE;
    this.#countTo = newest ?? NONE;
    this.#oldest = oldest ?? NONE;
    this.#rows = 0;
    this.#isBegun = true;
  }

  #countMore(): void {
    if (!this.#isBegun) this.#beginCount();
    const piece = this.#countPiece.all(this.#countedTo, this.#countTo) as [number, number, number][];
    for (const [id, mac, at] of piece) this.#add(this.#countedDay, id, mac as HardwareAddress, at as Instant);
    this.#rows += piece.length;
    this.#countedTo = piece.at(-1)?.[0] ?? this.#countTo;
    this.#isCounted = piece.length < COUNT_ROWS;
    if (this.#isCounted) this.#joinDays();
  }

  /** The day that was counted last goes on, perhaps. */
  #joinDays(): void {
    const { rows, first } = this.#countedDay;
    if (rows === 0) return;
    if (this.#today.rows === 0) this.#today = this.#countedDay;
    else if (this.#today.isSameAs(this.#countedDay)) this.#today.join(first, rows);
    this.#countedDay = new DayOfRows();
  }
}
