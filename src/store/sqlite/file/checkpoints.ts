import type { Database, Statement } from 'better-sqlite3';
import type { Instant } from '../../../lease/lease.ts';
import { codeOf } from '../disk/error-code.ts';

/** So many pages in the WAL are carried over at the latest, in the packet thread: a disk takes them in some milliseconds. */
const FORCED_PAGES = 250;
/** So many are worth carrying over as soon as no datagram waits; fewer wait for a quiet time. */
const IDLE_PAGES = 100;
const IDLE_MILLISECONDS = 5000;
/** How often the WAL is looked at for that: milliseconds. */
const LOOK_MILLISECONDS = 1000;

/** Carries committed pages from the WAL into the file: PASSIVE, so that no reader is waited for. */
export class Checkpoints {
  /** Why the last one failed. Commits go on meanwhile, as long as the WAL may grow. */
  failure: string | undefined;
  readonly #count: Statement;
  readonly #carryOver: Statement;
  readonly #forcedPages: number;
  #lastAt = 0;
  #lookedAt = 0;
  /** There may be something in the WAL that is not in the file. */
  #isWritten = true;
  /** Pages that had not been carried over when a checkpoint failed. */
  #leftOver = 0;

  constructor(database: Database, forcedPages = FORCED_PAGES) {
    this.#forcedPages = forcedPages;
    this.#count = database.prepare('PRAGMA wal_checkpoint(NOOP)').raw();
    this.#carryOver = database.prepare('PRAGMA wal_checkpoint(PASSIVE)').raw();
  }

  afterCommit(now: Instant): void {
    this.#isWritten = true;
    this.#guard(() => {
      if (this.#waiting() - this.#leftOver >= this.#forcedPages) this.#run(now);
    });
  }

  idle(now: Instant): void {
    if (!this.#isWritten || Math.abs(now - this.#lookedAt) < LOOK_MILLISECONDS) return;
    this.#lookedAt = now;
    this.#guard(() => {
      const isQuiet = Math.abs(now - this.#lastAt) >= IDLE_MILLISECONDS;
      const waiting = this.#waiting() - (isQuiet ? 0 : this.#leftOver);
      if (waiting >= (isQuiet ? 1 : IDLE_PAGES)) this.#run(now);
      this.#isWritten = this.#waiting() > 0;
    });
  }

  /** Pages in the WAL that are not in the file yet. */
  #waiting(): number {
    const [, inWal, carried] = this.#count.get() as readonly [number, number, number];
    return inWal - carried;
  }

  /** What a reader or a full disk holds back is not tried again at every commit. */
  #run(now: Instant): void {
    this.#lastAt = now;
    try {
      this.#carryOver.all();
      this.failure = undefined;
    } finally {
      this.#leftOver = this.#waiting();
    }
  }

  #guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.failure = codeOf(error);
    }
  }
}
