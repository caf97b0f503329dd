import type { Database, Statement } from 'better-sqlite3';
import { LEASE_FIELDS } from '../../../lease/lease-fields.ts';
import { type Ipv4, ipv4ToText, UNSPECIFIED } from '../../../net/ipv4.ts';
import type { JournalRecord } from '../journal/journal-record.ts';
import { CHANGING_COLUMNS, changingValues, ID_COLUMNS, idValues, STAYING_COLUMNS } from './rows.ts';

/** How a column takes what is written; a host name belongs to the client, and stays as long as the address names it. */
const TAKES: Readonly<Record<string, { readonly renewed: string; readonly put: string }>> = {
  [LEASE_FIELDS.hostname.column]: {
    renewed: 'coalesce(?, hostname)',
    put: 'CASE WHEN client = excluded.client THEN coalesce(excluded.hostname, hostname) ELSE excluded.hostname END',
  },
};

/** The rest of the row stands already, unless somebody has edited the file meanwhile: then no row matches. */
const RENEW = `
UPDATE lease SET ${CHANGING_COLUMNS.map((column) => `${column} = ${TAKES[column]?.renewed ?? '?'}`).join(', ')}
WHERE address = ? AND client = ? AND state = ? AND version <= ?`;

/** What is carried over again, from before a damage perhaps, is never put over what is newer. */
const UNLESS_NEWER = 'WHERE excluded.version >= version';

/** The first is the address. */
const PUT_COLUMNS = [...STAYING_COLUMNS, ...CHANGING_COLUMNS];

const PUT = `
INSERT INTO lease (${PUT_COLUMNS.join(', ')}) VALUES (${PUT_COLUMNS.map(() => '?').join(', ')})
ON CONFLICT (address) DO UPDATE SET
  ${PUT_COLUMNS.slice(1)
    .map((column) => `${column} = ${TAKES[column]?.put ?? `excluded.${column}`}`)
    .join(', ')}`;

const REMEMBER = `
INSERT INTO history (id, at, address, client, mac, event, reason, expires_at, hostname, node, ${ID_COLUMNS.join(', ')})
SELECT id, at, new.address, new.client, new.mac, event, reason, new.expires_at, coalesce(new.hostname, lease.hostname),
  new.node, ${ID_COLUMNS.map((column) => `new.${column}`).join(', ')}
FROM (SELECT ? AS id, ? AS at, ? AS address, ? AS client, ? AS mac, ? AS event, ? AS reason, ? AS expires_at,
  ? AS hostname, ? AS node, ${ID_COLUMNS.map((column) => `? AS ${column}`).join(', ')}) AS new
LEFT JOIN lease ON lease.address = new.address AND lease.client = new.client
WHERE true ON CONFLICT (id) DO NOTHING`;

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
  readonly #renew: Statement;
  readonly #put: Statement;
  readonly #remember: Statement;
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
    this.#renew = database.prepare(RENEW);
    this.#put = database.prepare(isMirror ? PUT : `${PUT}\n${UNLESS_NEWER}`);
    this.#remember = database.prepare(REMEMBER);
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
    const { address, client, state, updatedAt, version, isRenewal } = record;
    const changing = changingValues(record, node);
    if (isRenewal) {
      const newest = this.#isMirror ? Number.MAX_SAFE_INTEGER : version;
      if (this.#renew.run(changing, address, client, state, newest).changes === 1) return;
    }
    this.#put.run(address, client, state, updatedAt, changing);
  }

  /** A row of the history, once, or the end of one. Returns how many rows there are more than before: 1, 0 or -1. */
  remember(record: JournalRecord, node = this.#nodeOf(record.granter)): number {
    const { eventId, updatedAt, address, client, hardware, event, reason, expiresAt, hostname, ids } = record;
    if (event === 'returned') return -this.#forget.run(eventId).changes;
    return this.#remember.run(
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

  /** Of another gateway only its address is known. */
  #nodeOf(granter: Ipv4): string | null {
    return granter === UNSPECIFIED ? this.#node : ipv4ToText(granter);
  }
}
