import type { Database, Statement } from 'better-sqlite3';
import { INFINITE_SECONDS, type Instant } from '../../lease/lease.ts';

/** How many rows one piece of pruning deletes at most; more than one step of the carry-over writes. */
export const PRUNE_ROWS = 256;

export interface RetentionOptions {
  /** How long the history is kept; 0xffffffff: without end. */
  readonly seconds: number;
  /** Rows that the history has at most. */
  readonly rows: number;
}

/** Ends the history's oldest rows; they are found by their id, without an index. */
export class Retention {
  readonly #options: RetentionOptions;
  readonly #bounds: Statement;
  readonly #prune: Statement;
  readonly #pruneExcess: Statement;

  constructor(database: Database, options: RetentionOptions) {
    this.#options = options;
    this.#bounds = database
      .prepare(
        'SELECT (SELECT min(id) FROM history), (SELECT max(id) FROM history), (SELECT at FROM history ORDER BY id LIMIT 1)',
      )
      .raw();
    this.#prune = database.prepare('DELETE FROM history WHERE id >= ? AND id < ? AND (at < ? OR id <= ?)');
    this.#pruneExcess = database.prepare(
      'DELETE FROM history WHERE id <= (SELECT max(id) FROM history) - ? AND id < (SELECT min(id) FROM history) + ?',
    );
  }

  /** Deletes a piece of what is too much, in the transaction that writes more: guests may write as fast as they like. */
  pruneExcess(): void {
    this.#pruneExcess.run(this.#options.rows, PRUNE_ROWS);
  }

  /** Deletes a piece of what is too old or too much; returns how many rows. */
  prune(now: Instant): number {
    const [oldest, newest, oldestAt] = this.#bounds.get() as readonly (number | null)[];
    if (typeof oldest !== 'number' || typeof newest !== 'number' || typeof oldestAt !== 'number') return 0;
    const { seconds } = this.#options;
    const before = seconds === INFINITE_SECONDS ? 0 : now - seconds * 1000;
    const tooMany = newest - this.#options.rows;
    if (oldestAt >= before && oldest > tooMany) return 0;
    return this.#prune.run(oldest, oldest + PRUNE_ROWS, before, tooMany).changes;
  }
}
