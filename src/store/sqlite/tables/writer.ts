import type { Database, Statement } from 'better-sqlite3';
import { type Ipv4, ipv4ToText, UNSPECIFIED } from '../../../net/ipv4.ts';
import type { JournalRecord } from '../journal/journal-record.ts';
import { type RowStatements, rowStatements } from './row-statements.ts';
import { changingValues, idValues } from './rows.ts';

/** The value changes each time: SQLite writes nothing for a row that is replaced by an equal one, and so syncs nothing. */
const COUNT_SYNC = "INSERT INTO meta VALUES ('syncs', '1') ON CONFLICT (key) DO UPDATE SET value = value + 1";

/** The last batch of the journal that is in this file. */
const NOTE_APPLIED = "INSERT OR REPLACE INTO meta VALUES ('carried', ?)";

/** Writes the rows of a lease file. The caller begins and commits each transaction. All methods throw errors of SQLite. */
export class Writer {
  readonly #database: Database;
  readonly #node: string | null;
  readonly #isMirror: boolean;
  readonly #begin: Statement;
  readonly #commit: Statement;
  readonly #withIds: RowStatements;
  readonly #withoutIds: RowStatements;
  readonly #deleteRow: Statement;
  readonly #noteApplied: Statement;
  readonly #sync: Statement;

  /**
   * @param node The name of this node; null: it has none.
   * @param isMirror True: versions are another store's, and begin anew with its generations. False: a newer row stays.
   */
  constructor(database: Database, node: string | null, isMirror = false) {
    this.#database = database;
    this.#isMirror = isMirror;
    this.#node = node;
    this.#begin = database.prepare('BEGIN IMMEDIATE');
    this.#commit = database.prepare('COMMIT');
    this.#withIds = rowStatements(database, isMirror, true);
    this.#withoutIds = rowStatements(database, isMirror, false);
    this.#deleteRow = database.prepare('DELETE FROM history WHERE id = ?');
    this.#noteApplied = database.prepare(NOTE_APPLIED);
    this.#sync = database.prepare(COUNT_SYNC);
  }

  begin(): void {
    this.#begin.run();
  }

  /** After it, a crash of the process loses nothing; after `sync`, a loss of power neither. */
  commit(): void {
    this.#commit.run();
  }

  /** Ends a transaction that has failed, if SQLite has not. */
  rollBack(): void {
    if (this.#database.inTransaction) this.#database.exec('ROLLBACK');
  }

  /** Writes a record over the row of its address. `node`: the node whose gateway granted it. */
  put(record: JournalRecord, node = this.#granterOf(record)): void {
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

  /** Adds the record's row to the history, if it is not there, or deletes one. Returns how many rows were added: 1, 0 or -1. */
  addToHistory(record: JournalRecord, node = this.#nodeOf(record.granter)): number {
    const { eventId, updatedAt, address, client, hardware, event, reason, expiresAt, hostname, ids } = record;
    if (event === 'returned') return -this.#deleteRow.run(eventId).changes;
    return this.#statementsFor(record).addToHistory.run(
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

  /** Call it in the transaction that applies the batch. */
  noteApplied(sequence: number): void {
    this.#noteApplied.run(String(sequence));
  }

  /** Makes all transactions up to now safe from a loss of power, by one sync of the log. */
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

  /** Null: what another gateway may have granted, and nobody knows which. */
  #granterOf({ state, granter }: JournalRecord): string | null {
    return state === 'peer' && granter === UNSPECIFIED ? null : this.#nodeOf(granter);
  }

  /** Another gateway's node is not known: its address stands for it. */
  #nodeOf(granter: Ipv4): string | null {
    return granter === UNSPECIFIED ? this.#node : ipv4ToText(granter);
  }
}
