import { codeOf } from '../../../errors.ts';
import type { Clock } from '../../../lease/clock.ts';
import type { Instant } from '../../../lease/lease.ts';
import type { Checkpoints } from '../file/checkpoints.ts';
import type { Retention } from '../history/retention.ts';
import type { Journal } from '../journal/journal.ts';
import type { Writer } from '../tables/writer.ts';
import type { JournalApplier } from './journal-applier.ts';

/** A few records are applied after this time; all are, once there is no commit for this time: milliseconds. */
const APPLY_AFTER = 1000;
const FEW_RECORDS = 1024;
/**
 * More records are applied together after this time, since most of them share their pages; or as soon as the other half
 * of the journal is in use: milliseconds.
 */
const APPLY_MANY_AFTER = 10_000;
/** The time between two attempts after a failure: milliseconds. */
const RETRY = 1000;
/**
 * Rows that are written for each record that comes, while the journal fills up. A record may add a row of history too, and
 * a half must be in the lease file before seven eighths of the other half are written.
 */
const PACE = 3;
/** The time between two steps while no packet waits: milliseconds. */
const NEXT_STEP = 1;

/** A note is anything that the lease file keeps beside leases. It is written soon. */
export interface Note {
  /** True if the newest value is not in the file. */
  readonly isDue: boolean;
  /**
   * Writes it.
   *
   * @throws Error of SQLite: then it is still due.
   */
  write(): void;
}

export interface MaintenanceParts {
  readonly journal: Journal;
  readonly applier: JournalApplier;
  readonly writer: Writer;
  readonly checkpoints: Checkpoints;
  readonly retention: Retention;
  readonly notes: readonly Note[];
  /** Absent: all is done in `idle`. */
  readonly clock: Clock | undefined;
}

/**
 * Decides when the journal is applied to the lease file, notes are written, the log is checkpointed, and old rows of the
 * history are deleted. It runs in the packets' thread.
 */
export class Maintenance {
  /** Why the lease file does not follow; undefined: it does. Leases are promised meanwhile, while the journal has room. */
  failure: string | undefined;
  readonly #parts: MaintenanceParts;
  /** Records that were committed. */
  #committed: number;
  /** When the first and the last record was committed that is not applied. */
  #first = 0;
  #last = 0;
  #failedAt = Number.NEGATIVE_INFINITY;
  #prunedAt = 0;
  #isPruning = false;
  /** Rows that are still to be written for the records that came. */
  #debt = 0;
  #isIdle = false;
  #cancelStep: (() => void) | undefined;

  constructor(parts: MaintenanceParts) {
    this.#parts = parts;
    this.#committed = parts.applier.records;
  }

  /** At the start: how many records are in the journal alone, and why they could not be applied. */
  begin(records: number, failure: string | undefined): void {
    this.#committed = this.#parts.applier.records + records;
    this.failure = failure;
  }

  /** Records in the journal that are not in the lease file. */
  get backlog(): number {
    return this.#committed - this.#parts.applier.records;
  }

  /** True while the journal fills up faster than it is applied. Work that can wait should. */
  get isBehind(): boolean {
    return this.#parts.journal.isOtherHalfInUse;
  }

  /** Call it when a batch of this many records is durable. */
  committed(records: number, now: Instant): void {
    this.#isIdle = false;
    if (this.backlog === 0) this.#first = now;
    this.#committed += records;
    this.#last = now;
    if (!this.#parts.journal.isFillingUp || !this.#mayTry(now)) return;
    this.#debt += records * PACE;
    while (this.#debt > 0 && this.#step(now));
    this.#debt = Math.min(this.#debt, 0);
  }

  /**
   * Applies the whole journal and makes it safe, now, because a batch finds no room.
   *
   * @throws Error of SQLite, or if the journal cannot be read.
   */
  makeRoom(): void {
    try {
      this.#parts.applier.finish();
      this.#parts.applier.release();
    } catch (error) {
      this.#parts.writer.rollBack();
      throw error;
    }
  }

  /** Applies a small piece of the journal, wherever it stands. False: it failed, or there was nothing to do. */
  applySome(now: Instant): boolean {
    return this.#mayTry(now) && this.#step(now);
  }

  /** Call it when no packet waits. Does a small piece of work; while there is no commit, the next one follows by itself. */
  idle(now: Instant): void {
    this.#isIdle = true;
    if (this.#isNoteDue && this.#mayTry(now)) this.#try(now, () => this.#writeNotes());
    if (this.#isDue(now)) {
      if (this.#step(now)) this.#goOn();
      return;
    }
    this.#parts.checkpoints.idle(now);
    if (this.#mayTry(now)) this.#prune(now);
  }

  /** Prunes the history once a second; at each step while rows are counted, or are too many. */
  #prune(now: Instant): void {
    if (!this.#isPruning && Math.abs(now - this.#prunedAt) < RETRY) return;
    this.#prunedAt = now;
    this.#isPruning = false;
    this.#try(now, () => (this.#isPruning = this.#parts.retention.prune(now)));
    if (this.#isPruning) this.#goOn();
  }

  /** Stops the steps until `idle` is called again. */
  pause(): void {
    this.#cancelStep?.();
    this.#cancelStep = undefined;
  }

  /** Stops the steps, and writes the notes that are due, if the disk lets it. */
  close(now: Instant): void {
    this.pause();
    if (this.#isNoteDue) this.#try(now, () => this.#writeNotes());
  }

  get #isNoteDue(): boolean {
    return this.#parts.notes.some(({ isDue }) => isDue);
  }

  /** They are synced: after a loss of power the clock may be wrong, and the other gateways have gone on. */
  #writeNotes(): void {
    for (const note of this.#parts.notes) if (note.isDue) note.write();
    this.#parts.writer.sync();
  }

  #isDue(now: Instant): boolean {
    if (this.#parts.applier.isDone) return false;
    if (this.failure !== undefined) return this.#mayTry(now);
    if (this.#parts.applier.isUnderWay || this.#parts.journal.isOtherHalfInUse) return true;
    const patience = this.backlog <= FEW_RECORDS ? APPLY_AFTER : APPLY_MANY_AFTER;
    return Math.abs(now - this.#first) >= patience || Math.abs(now - this.#last) >= APPLY_AFTER;
  }

  #mayTry(now: Instant): boolean {
    return this.failure === undefined || Math.abs(now - this.#failedAt) >= RETRY;
  }

  #goOn(): void {
    const { clock } = this.#parts;
    if (clock === undefined) return;
    this.#cancelStep ??= clock.after(NEXT_STEP, () => {
      this.#cancelStep = undefined;
      if (this.#isIdle) this.idle(clock.now());
    });
  }

  /** False: it failed, or there was nothing to do. */
  #step(now: Instant): boolean {
    const { applier, journal, checkpoints } = this.#parts;
    if (applier.isDone) return false;
    return this.#try(now, () => {
      this.#debt -= Math.max(applier.step(), 1);
      if (!applier.isUnderWay) this.#first = this.#last;
      if (!applier.isUnderWay && journal.wantsRelease) applier.release();
      checkpoints.afterCommit(now);
    });
  }

  #try(now: Instant, run: () => void): boolean {
    try {
      run();
      this.failure = undefined;
      return true;
    } catch (error) {
      this.#parts.writer.rollBack();
      this.#failedAt = now;
      this.failure = `${codeOf(error)}: ${error instanceof Error ? error.message : String(error)}`;
      return false;
    }
  }
}
