import type { Database, Statement } from 'better-sqlite3';
import type { Instant, Lease, LeaseRecord, Version } from '../../lease/lease.ts';
import type { LeaseChange } from '../../lease/lease-view.ts';
import { type Ipv4, UNSPECIFIED } from '../../net/ipv4.ts';
import { eventOf } from './history.ts';

/** The rest of the row stands already, unless somebody has edited the file meanwhile: then no row matches. */
const RENEW = `
UPDATE lease SET mac = ?, expires_at = ?, updated_at = ?, version = ?, hostname = coalesce(?, hostname), node = ?, granter = ?
WHERE address = ? AND client = ? AND state = ?`;

/** A host name belongs to the client, and stays as long as the address names it. */
const PUT = `
INSERT INTO lease (address, client, mac, state, starts_at, expires_at, updated_at, version, hostname, node, granter)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (address) DO UPDATE SET client = excluded.client, mac = excluded.mac, state = excluded.state,
  starts_at = excluded.starts_at, expires_at = excluded.expires_at, updated_at = excluded.updated_at,
  version = excluded.version, node = excluded.node, granter = excluded.granter,
  hostname = CASE WHEN client = excluded.client THEN coalesce(excluded.hostname, hostname) ELSE excluded.hostname END,
  vps_id = CASE WHEN client = excluded.client THEN vps_id END`;

const REMEMBER = `
INSERT INTO history (at, address, client, mac, event, reason, expires_at, hostname, node, vps_id)
SELECT updated_at, address, client, mac, ?, ?, expires_at, hostname, node, vps_id FROM lease WHERE address = ?`;

/** Rows of one transaction at a time. */
export class Writer {
  readonly #database: Database;
  readonly #node: string | null;
  readonly #begin: Statement;
  readonly #commit: Statement;
  readonly #renew: Statement;
  readonly #put: Statement;
  readonly #remember: Statement;
  readonly #probe: Statement;

  constructor(database: Database, node: string | null) {
    this.#database = database;
    this.#node = node;
    this.#begin = database.prepare('BEGIN IMMEDIATE');
    this.#commit = database.prepare('COMMIT');
    this.#renew = database.prepare(RENEW);
    this.#put = database.prepare(PUT);
    this.#remember = database.prepare(REMEMBER);
    this.#probe = database.prepare("INSERT OR REPLACE INTO meta VALUES ('written_at', ?)");
  }

  begin(): void {
    this.#begin.run();
  }

  /** Returns after the fsync. */
  commit(): void {
    this.#commit.run();
  }

  /** Ends a transaction that has failed; SQLite may have ended it already. */
  rollBack(): void {
    if (this.#database.inTransaction) this.#database.exec('ROLLBACK');
  }

  /** One record over another, with the history row of what changed by it. */
  write(
    address: Ipv4,
    before: Lease | undefined,
    next: LeaseRecord,
    change: LeaseChange,
    version: Version,
  ): void {
    const { client, hardware, granter = UNSPECIFIED, state, expiresAt } = next;
    const hostname = next.hostname ?? null;
    const event = eventOf(before, next, change);
    const isRenewal = event === undefined && before?.client === client && before.state === state;
    const renewal = isRenewal
      ? this.#renew.run(
          hardware,
          expiresAt,
          change.at,
          version,
          hostname,
          this.#node,
          granter,
          address,
          client,
          state,
        )
      : undefined;
    if (renewal?.changes !== 1) {
      const values = [
        address,
        client,
        hardware,
        state,
        change.at,
        expiresAt,
        change.at,
        version,
        hostname,
        this.#node,
        granter,
      ];
      this.#put.run(values);
    }
    if (event !== undefined) this.#remember.run(event, change.reason, address);
  }

  /** Throws unless a transaction can be made durable now. */
  probe(now: Instant): void {
    this.#probe.run(String(now));
  }
}
