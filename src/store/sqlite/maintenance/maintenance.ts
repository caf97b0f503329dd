import type { Clock } from '../../../lease/clock.ts';
import type { Instant } from '../../../lease/lease.ts';
import { codeOf } from '../disk/error-code.ts';
import type { Checkpoints } from '../file/checkpoints.ts';
import type { Retention } from '../history/retention.ts';
import type { Journal } from '../journal/journal.ts';
import type { Writer } from '../tables/writer.ts';
import type { CarryOver } from './journal-applier.ts';

/** A few changes are in the lease file after so long; so is everything, once it is quiet for as long: milliseconds. */
const SOON = 1000;
const FEW_RECORDS = 1024;
/**
 * Of many changes at a time the most share their pages, so they are carried over together: after so long, or when half
 * of the journal is full of them.
 */
const LATEST = 10_000;
/** After a failure it is tried again after so long: milliseconds. */
const RETRY = 1000;
/**
 * While the journal fills up, so many rows are written for each record that comes: a record may have a row of history
 * too, and a half has to be in the lease file before seven eighths of the other one are written.
 */
const PACE = 3;
/** The next step of what is under way, while nothing is to be done for packets: milliseconds. */
const NEXT_STEP = 1;

/** What is not of a lease, and in the lease file soon. */
export interface Note {
  /** True if what was noted is not in the file. */
  readonly isDue: boolean;
  /** Throws what SQLite says: then it is still due. */
  write(): void;
}

export interface UpkeepParts {
  readonly journal: Journal;
  readonly carryOver: CarryOver;
  readonly writer: Writer;
  readonly checkpoints: Checkpoints;
  readonly retention: Retention;
  readonly notes: readonly Note[];
  /** Absent: all is done in `idle`. */
  readonly clock: Clock | undefined;
}

/**
 * When the lease file follows the journal and what is noted, its log is carried into it, and the history loses its oldest
 * rows.
 */
export class Upkeep {
  /** Why the lease file does not follow. Leases are promised meanwhile, as long as the journal has room. */
  failure: string | undefined;
  readonly #parts: UpkeepParts;
  /** Records that came, and when the first and the last came that are not carried over. */
  #committed: number;
  #first = 0;
  #last = 0;
  #failedAt = Number.NEGATIVE_INFINITY;
  #prunedAt = 0;
  #isPruning = false;
  #debt = 0;
  #isQuiet = false;
  #cancelStep: (() => void) | undefined;

  constructor(parts: UpkeepParts) {
    this.#parts = parts;
    this.#committed = parts.carryOver.records;
  }

  /** So many records are in the journal alone at the start, and why: they could not be carried over. */
  begin(records: number, failure: string | undefined): void {
    this.#committed = this.#parts.carryOver.records + records;
    this.failure = failure;
  }

  /** Records in the journal that are not in the lease file. */
  get backlog(): number {
    return this.#committed - this.#parts.carryOver.records;
  }

  /** True while what comes should come slowly: house-keeping can wait. */
  get isBehind(): boolean {
    return this.#parts.journal.isHalfFull;
  }

  /** So many records are in the journal since now. */
  committed(records: number, now: Instant): void {
    this.#isQuiet = false;
    if (this.backlog === 0) this.#first = now;
    this.#committed += records;
    this.#last = now;
    if (!this.#parts.journal.isFillingUp || !this.#mayTry(now)) return;
    this.#debt += records * PACE;
    while (this.#debt > 0 && this.#step(now));
    this.#debt = Math.min(this.#debt, 0);
  }

  /** A batch finds no room in the journal: all of it is carried over and safe, now. Throws what stands in the way. */
  makeRoom(): void {
    try {
      this.#parts.carryOver.finish();
      this.#parts.carryOver.release();
    } catch (error) {
      this.#parts.writer.rollBack();
      throw error;
    }
  }

  /** A small piece of work; the next one follows by itself while it stays quiet. */
  idle(now: Instant): void {
    this.#isQuiet = true;
    if (this.#isNoteDue && this.#mayTry(now)) this.#try(now, () => this.#writeNotes());
    if (this.#isDue(now)) {
      if (this.#step(now)) this.#goOn();
      return;
    }
    this.#parts.checkpoints.idle(now);
    if (this.#mayTry(now)) this.#prune(now);
  }

  /** Once a second, a piece; what is to be counted or too much, a piece at each step. */
  #prune(now: Instant): void {
    if (!this.#isPruning && Math.abs(now - this.#prunedAt) < RETRY) return;
    this.#prunedAt = now;
    this.#isPruning = false;
    this.#try(now, () => (this.#isPruning = this.#parts.retention.prune(now)));
    if (this.#isPruning) this.#goOn();
  }

  /** Ends the steps, until `idle` is called again. */
  pause(): void {
    this.#cancelStep?.();
    this.#cancelStep = undefined;
  }

  /** Ends the steps; what is noted and not in the file is, if the disk lets it. */
  close(now: Instant): void {
    this.pause();
    if (this.#isNoteDue) this.#try(now, () => this.#writeNotes());
  }

  get #isNoteDue(): boolean {
    return this.#parts.notes.some(({ isDue }) => isDue);
  }

  /** A node that has lost its power starts again beside peers that have not, and with a clock that is wrong, perhaps. */
  #writeNotes(): void {
    for (const note of this.#parts.notes) if (note.isDue) note.write();
    this.#parts.writer.sync();
  }

  #isDue(now: Instant): boolean {
    if (this.#parts.carryOver.isDone) return false;
    if (this.failure !== undefined) return this.#mayTry(now);
    if (this.#parts.carryOver.isUnderWay || this.#parts.journal.isHalfFull) return true;
    const patience = this.backlog <= FEW_RECORDS ? SOON : LATEST;
    return Math.abs(now - this.#first) >= patience || Math.abs(now - this.#last) >= SOON;
  }

  #mayTry(now: Instant): boolean {
    return this.failure === undefined || Math.abs(now - this.#failedAt) >= RETRY;
  }

  #goOn(): void {
    const { clock } = this.#parts;
    if (clock === undefined) return;
    this.#cancelStep ??= clock.after(NEXT_STEP, () => {
      this.#cancelStep = undefined;
      if (this.#isQuiet) this.idle(clock.now());
    });
  }

  /** False: it failed, or there is nothing to do. */
  #step(now: Instant): boolean {
    const { carryOver, journal, checkpoints } = this.#parts;
    if (carryOver.isDone) return false;
    return this.#try(now, () => {
      this.#debt -= Math.max(carryOver.step(), 1);
      if (!carryOver.isUnderWay) this.#first = this.#last;
      if (!carryOver.isUnderWay && journal.wantsRelease) carryOver.release();
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
