import type { Database, Statement } from 'better-sqlite3';
import { type Ipv4, ipv4ToText, UNSPECIFIED } from '../../../net/ipv4.ts';
import type { JournalRecord } from '../journal/journal-record.ts';

/** The rest of the row stands already, unless somebody has edited the file meanwhile: then no row matches. */
const RENEW = `
UPDATE lease SET mac = ?, expires_at = ?, updated_at = ?, version = ?, hostname = coalesce(?, hostname), node = ?, granter = ?,
  lease_seconds = ?
WHERE address = ? AND client = ? AND state = ? AND version <= ?`;

/** What is carried over again, from before a damage perhaps, is never put over what is newer. */
const UNLESS_NEWER = 'WHERE excluded.version >= version';

/** A host name belongs to the client, and stays as long as the address names it. */
const PUT = `
INSERT INTO lease (address, client, mac, state, starts_at, expires_at, updated_at, version, hostname, node, granter,
  lease_seconds)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (address) DO UPDATE SET client = excluded.client, mac = excluded.mac, state = excluded.state,
  starts_at = excluded.starts_at, expires_at = excluded.expires_at, updated_at = excluded.updated_at,
  version = excluded.version, node = excluded.node, granter = excluded.granter,
  lease_seconds = excluded.lease_seconds,
  hostname = CASE WHEN client = excluded.client THEN coalesce(excluded.hostname, hostname) ELSE excluded.hostname END,
  vps_id = CASE WHEN client = excluded.client THEN vps_id END`;

const REMEMBER = `
INSERT INTO history (id, at, address, client, mac, event, reason, expires_at, hostname, node, vps_id)
SELECT id, at, new.address, new.client, new.mac, event, reason, new.expires_at, coalesce(new.hostname, lease.hostname),
  new.node, vps_id
FROM (SELECT ? AS id, ? AS at, ? AS address, ? AS client, ? AS mac, ? AS event, ? AS reason, ? AS expires_at,
  ? AS hostname, ? AS node) AS new
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
    const { address, client, hardware, granter, state, expiresAt, leaseSeconds, at, version, isRenewal } =
      record;
    const hostname = record.hostname ?? null;
    const renewal = isRenewal
      ? this.#renew.run(
          hardware,
          expiresAt,
          at,
          version,
          hostname,
          node,
          granter,
          leaseSeconds,
          address,
          client,
          state,
          this.#isMirror ? Number.MAX_SAFE_INTEGER : version,
        )
      : undefined;
    if (renewal?.changes === 1) return;
    this.#put.run(
      address,
      client,
      hardware,
      state,
      at,
      expiresAt,
      at,
      version,
      hostname,
      node,
      granter,
      leaseSeconds,
    );
  }

  /** A row of the history, once, or the end of one. Returns how many rows there are more than before: 1, 0 or -1. */
  remember(record: JournalRecord, node = this.#nodeOf(record.granter)): number {
    const { eventId, at, address, client, hardware, event, reason, expiresAt, hostname } = record;
    if (event === 'returned') return -this.#forget.run(eventId).changes;
    return this.#remember.run(
      eventId,
      at,
      address,
      client,
      hardware,
      event,
      reason,
      expiresAt,
      hostname ?? null,
      node,
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
