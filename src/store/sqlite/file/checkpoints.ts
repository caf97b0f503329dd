import type { Database, Statement } from 'better-sqlite3';
import { codeOf } from '../../../errors.ts';
import type { Instant } from '../../../lease/lease.ts';

/** With this many pages in the WAL a checkpoint is made at once, in the packets' thread: a disk takes them in some milliseconds. */
const FORCED_PAGES = 250;
/** With this many a checkpoint is made as soon as no datagram waits; with fewer, after a quiet time. */
const IDLE_PAGES = 100;
/** The quiet time: milliseconds. */
const QUIET_MILLISECONDS = 5000;
/** How often `idle` looks at the WAL: milliseconds. */
const LOOK_MILLISECONDS = 1000;

/** Makes checkpoints: copies committed pages from the WAL into the file. PASSIVE, so that it waits for no reader. */
export class Checkpoints {
  /** Why the last checkpoint failed; undefined: it did not. Commits go on meanwhile, and the WAL grows. */
  failure: string | undefined;
  readonly #count: Statement;
  readonly #checkpoint: Statement;
  readonly #forcedPages: number;
  #lastAt = 0;
  #lookedAt = 0;
  /** True if the WAL may have pages that are not in the file. */
  #isWritten = true;
  /** Pages that were still in the WAL after the last checkpoint. */
  #leftOver = 0;

  constructor(database: Database, forcedPages = FORCED_PAGES) {
    this.#forcedPages = forcedPages;
    this.#count = database.prepare('PRAGMA wal_checkpoint(NOOP)').raw();
    this.#checkpoint = database.prepare('PRAGMA wal_checkpoint(PASSIVE)').raw();
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
      const isQuiet = Math.abs(now - this.#lastAt) >= QUIET_MILLISECONDS;
      const waiting = this.#waiting() - (isQuiet ? 0 : this.#leftOver);
      if (waiting >= (isQuiet ? 1 : IDLE_PAGES)) this.#run(now);
      this.#isWritten = this.#waiting() > 0;
    });
  }

  /** Pages in the WAL that are not in the file. */
  #waiting(): number {
    const [, inWal, copied] = this.#count.get() as readonly [number, number, number];
    return inWal - copied;
  }

  /** Pages that a reader or a full disk holds back are not tried again at every commit. */
  #run(now: Instant): void {
    this.#lastAt = now;
    try {
      this.#checkpoint.all();
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
