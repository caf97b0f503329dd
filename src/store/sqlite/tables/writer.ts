import type { Database, Statement } from 'better-sqlite3';
import { type Ipv4, ipv4ToText, UNSPECIFIED } from '../../../net/ipv4.ts';
import type { JournalRecord } from '../journal/journal-record.ts';
import { type RowStatements, rowStatements } from './row-statements.ts';
import { changingValues, idValues } from './rows.ts';

/**
 * Another value each time: where a row is replaced by the same one SQLite writes nothing, and so has nothing to sync.
 */
const COUNT_SYNC = "INSERT INTO meta VALUES ('syncs', '1') ON CONFLICT (key) DO UPDATE SET value = value + 1";

/** The last batch of the journal that is in this file. */
const CARRIED = "INSERT OR REPLACE INTO meta VALUES ('carried', ?)";

/** Rows of one transaction at a time. */
export class Writer {
  readonly #database: Database;
  readonly #node: string | null;
  readonly #isMirror: boolean;
  readonly #begin: Statement;
  readonly #commit: Statement;
  readonly #withIds: RowStatements;
  readonly #withoutIds: RowStatements;
  readonly #forget: Statement;
  readonly #carried: Statement;
  readonly #sync: Statement;

  /** `isMirror`: versions are another store's, and begin anew with its lives; else what is newer stays. */
  constructor(database: Database, node: string | null, isMirror = false) {
    this.#database = database;
    this.#isMirror = isMirror;
    this.#node = node;
    this.#begin = database.prepare('BEGIN IMMEDIATE');
    this.#commit = database.prepare('COMMIT');
    this.#withIds = rowStatements(database, isMirror, true);
    this.#withoutIds = rowStatements(database, isMirror, false);
    this.#forget = database.prepare('DELETE FROM history WHERE id = ?');
    this.#carried = database.prepare(CARRIED);
    this.#sync = database.prepare(COUNT_SYNC);
  }

  begin(): void {
    this.#begin.run();
  }

  /** Whole after a crash of this process; after a loss of power too once `sync` has been called. */
  commit(): void {
    this.#commit.run();
  }

  /** Ends a transaction that has failed; SQLite may have ended it already. */
  rollBack(): void {
    if (this.#database.inTransaction) this.#database.exec('ROLLBACK');
  }

  /** One record over another. `node`: whose gateway granted it. */
  put(record: JournalRecord, node = this.#nodeOf(record.granter)): void {
    const { address, client, state, updatedAt, version, isRenewal, ids } = record;
    const { renew, put } = this.#statementsFor(record);
    const changing = changingValues(record, node);
    const idsOfRow = idValues(ids);
    if (isRenewal) {
      const newest = this.#isMirror ? Number.MAX_SAFE_INTEGER : version;
      if (renew.run(changing, idsOfRow, address, client, state, newest).changes === 1) return;
    }
    put.run(address, client, state, updatedAt, changing, idsOfRow);
  }

  /** A row of the history, once, or the end of one. Returns how many rows there are more than before: 1, 0 or -1. */
  remember(record: JournalRecord, node = this.#nodeOf(record.granter)): number {
    const { eventId, updatedAt, address, client, hardware, event, reason, expiresAt, hostname, ids } = record;
    if (event === 'returned') return -this.#forget.run(eventId).changes;
    return this.#statementsFor(record).remember.run(
      eventId,
      updatedAt,
      address,
      client,
      hardware,
      event,
      reason,
      expiresAt,
      hostname ?? null,
      node,
      idValues(ids),
    ).changes;
  }

  /** In the transaction that carries it over. */
  noteCarried(sequence: number): void {
    this.#carried.run(String(sequence));
  }

  /** Makes all transactions up to now safe from a loss of power: the next sync of the log takes them all. */
  sync(): void {
    this.#database.pragma('synchronous = FULL');
    try {
      this.#sync.run();
    } finally {
      this.#database.pragma('synchronous = NORMAL');
    }
  }

  #statementsFor({ ids }: JournalRecord): RowStatements {
    return ids === undefined ? this.#withoutIds : this.#withIds;
  }

  /** Of another gateway only its address is known. */
  #nodeOf(granter: Ipv4): string | null {
    return granter === UNSPECIFIED ? this.#node : ipv4ToText(granter);
  }
}
