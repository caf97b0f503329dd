import type { Database } from 'better-sqlite3';
import type { Instant, Lease } from '../../lease/lease.ts';
import type { LeaseChange, LeaseView } from '../../lease/lease-view.ts';
import type { LeaseStore, Outcome } from '../lease-store.ts';
import type { LeaseTable } from '../lease-table.ts';
import { Checkpoints } from './checkpoints.ts';
import type { SetAside } from './damage.ts';
import { codeOf } from './directory.ts';
import type { Ownership } from './ownership.ts';
import { Retention, type RetentionOptions } from './retention.ts';
import type { StoredState } from './rows.ts';
import { Writer } from './writer.ts';

/** How often a store that failed tries to write, and how often house-keeping is done: milliseconds. */
const TRY_MILLISECONDS = 1000;
const BATCH_LIMIT = 512;

/** What was found at the start, for the log. */
export interface Opening {
  readonly file: string;
  /** This file's own name, from when it was made. */
  readonly birth: string;
  readonly loaded: Readonly<Record<StoredState, number>>;
  /** Rows that no version of this program has written; they are left as they are, and not used. */
  readonly skipped: number;
  /** The damaged file that was put aside. */
  readonly setAside: SetAside | undefined;
  /** The copy made before a migration. */
  readonly copy: string | undefined;
}

/** What `openSqliteStore` puts together. */
export interface SqliteStoreParts {
  readonly opening: Opening;
  readonly database: Database;
  readonly table: LeaseTable;
  readonly ownership: Ownership;
  readonly lastStoredAt: Instant;
  readonly node: string | null;
  readonly history: RetentionOptions;
}

/**
 * Leases in one SQLite file: a transaction for a batch, durable when `commit` has been called (it does not wait; the
 * promise is there for stores that do). Offers and assertions are settled in memory.
 *
 * When a write fails, whatever the reason, nothing of the batch has happened and nothing may be promised, until a
 * write succeeds: the next commit a second later or after it, or the attempt that `idle` makes once a second.
 */
export class SqliteStore implements LeaseStore {
  readonly depth = 1;
  readonly batchLimit = BATCH_LIMIT;
  readonly opening: Opening;
  readonly #database: Database;
  readonly #table: LeaseTable;
  readonly #writer: Writer;
  readonly #checkpoints: Checkpoints;
  readonly #retention: Retention;
  readonly #ownership: Ownership;
  #failure: string | undefined;
  #lastStoredAt: Instant;
  #lastTry = 0;
  #lastPrune = 0;
  #isClosed = false;

  constructor(parts: SqliteStoreParts) {
    this.opening = parts.opening;
    this.#database = parts.database;
    this.#table = parts.table;
    this.#ownership = parts.ownership;
    this.#lastStoredAt = parts.lastStoredAt;
    this.#writer = new Writer(parts.database, parts.node);
    this.#checkpoints = new Checkpoints(parts.database);
    this.#retention = new Retention(parts.database, parts.history);
  }

  get leases(): LeaseView {
    return this.#table;
  }

  get failure(): string | undefined {
    return this.#failure;
  }

  /** Why the last checkpoint failed; leases are promised meanwhile, and the WAL grows. */
  get checkpointFailure(): string | undefined {
    return this.#checkpoints.failure;
  }

  get lastStoredAt(): Instant {
    return this.#lastStoredAt;
  }

  settle(change: LeaseChange): 'committed' | 'conflict' | undefined {
    if (change.kind === 'binding') return undefined;
    if (this.#table.conflicts(change)) return 'conflict';
    this.#table.apply(change);
    return 'committed';
  }

  commit(changes: readonly LeaseChange[]): Promise<readonly Outcome[]> {
    return Promise.resolve(this.#commit(changes));
  }

  sweep(now: Instant, limit: number): readonly Lease[] {
    return this.#table.sweep(now, limit);
  }

  idle(now: Instant): void {
    if (this.#failure !== undefined) {
      if (this.#mayTry(now)) this.#attempt(now, () => this.#writer.probe(now));
      return;
    }
    this.#checkpoints.idle(now);
    if (Math.abs(now - this.#lastPrune) < TRY_MILLISECONDS) return;
    this.#lastPrune = now;
    this.#attempt(now, () => this.#retention.prune(now));
  }

  close(): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true;
      this.#database.close();
      this.#ownership.release();
    }
    return Promise.resolve();
  }

  #commit(changes: readonly LeaseChange[]): readonly Outcome[] {
    const at = changes[0]?.at ?? this.#lastStoredAt;
    if (this.#failure !== undefined && !this.#mayTry(at)) return changes.map(() => 'failed');

    const outcomes: Outcome[] = changes.map((change) =>
      this.#table.conflicts(change) ? 'conflict' : 'committed',
    );
    const sound = changes.filter((_, index) => outcomes[index] === 'committed');
    if (!this.#attempt(at, () => this.#write(sound))) return changes.map(() => 'failed');

    // Memory moves only now: RFC 2131 §3.1 (4), durable before the DHCPACK leaves.
    for (const change of sound) {
      this.#table.apply(change);
      if (change.kind === 'binding' && change.at > this.#lastStoredAt) this.#lastStoredAt = change.at;
    }
    this.#checkpoints.afterCommit(at);
    return outcomes;
  }

  /** One transaction, if there is anything to write. The versions are those that memory will count. */
  #write(changes: readonly LeaseChange[]): void {
    let version = this.#table.revision;
    let began = false;
    for (const change of changes) {
      let wrote = false;
      for (const write of change.writes) {
        const effect = this.#table.effectOf(change, write);
        wrote ||= effect !== 'none';
        if (effect !== 'records' || write.next === 'as seen') continue;
        if (!began) this.#writer.begin();
        began = true;
        const before = this.#table.recordAt(write.address);
        this.#writer.write(write.address, before, write.next, change, version + 1);
      }
      if (wrote) version += 1;
    }
    if (began) this.#writer.commit();
  }

  #mayTry(now: Instant): boolean {
    return Math.abs(now - this.#lastTry) >= TRY_MILLISECONDS;
  }

  /** False if it failed: nothing of it was written, and nothing may be promised until something is. */
  #attempt(now: Instant, write: () => void): boolean {
    try {
      write();
      this.#failure = undefined;
    } catch (error) {
      this.#writer.rollBack();
      this.#lastTry = now;
      this.#failure = `${codeOf(error)}: ${error instanceof Error ? error.message : String(error)}`;
    }
    this.#table.canPromise = this.#failure === undefined;
    return this.#table.canPromise;
  }
}
