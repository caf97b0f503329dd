import { join } from 'node:path';
import { instant } from '../../../src/lease/lease.ts';
import { LEASE_FILE } from '../../../src/store/sqlite/disk/directory.ts';
import { openSqlite } from '../../../src/store/sqlite/disk/driver.ts';
import { openSqliteStore } from '../../../src/store/sqlite/open-sqlite-store.ts';
import type { Workload } from '../clients/workload.ts';

/** The first address of the pool, 10.65.0.0: client n holds the n-th. */
const FIRST_ADDRESS = 0x0a410000;
const HALF_A_DAY = 43_200_000;
const HUNDRED_DAYS = 8_640_000_000;

export interface Preload {
  readonly count: number;
  /** Of client 0; the others' follow it. */
  readonly hardware: number;
  /** The last so many leases have run out. */
  readonly expired?: number;
  /** Guests have a name: guest-0 is client 0. */
  readonly isNamed?: boolean;
  /** The leases have just begun; else half of their time is over. */
  readonly isNew?: boolean;
  /** Rows of history that are older than it is kept. */
  readonly oldHistory?: number;
}

/** Where the generator finds the leases. */
export function leasesOf(count: number): NonNullable<Workload['leases']> {
  return { first: FIRST_ADDRESS, count };
}

/** Makes a lease file as the server itself makes it, and fills it: each lease with the history row of its binding. */
export function preload(folder: string, options: Preload): void {
  const { count, hardware, expired = 0, isNew = false, isNamed = false, oldHistory = 0 } = options;
  const now = Date.now();
  void openSqliteStore({ directory: folder, inFlight: new Set(), now: instant(now), seed: 0 }).close();
  const database = openSqlite(join(folder, LEASE_FILE));
  database.pragma('synchronous = OFF');
  const numbers = 'WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?)';
  const client = "printf('01%012x', ? + i)";
  const begin = isNew ? now : now - HALF_A_DAY / 2;
  database.transaction(() => {
    database
      .prepare(
        `${numbers} INSERT INTO history (at, address, client, mac, event, reason, expires_at)
         SELECT ?, ? + i, ${client}, ? + i, 'bound', 'bound', ? FROM n WHERE i < ?`,
      )
      .run(Math.max(1, oldHistory), now - HUNDRED_DAYS, FIRST_ADDRESS, hardware, hardware, begin, oldHistory);
    database
      .prepare(
        `${numbers} INSERT INTO lease (address, client, mac, state, starts_at, expires_at, updated_at, version, hostname)
         SELECT ? + i, ${client}, ? + i, 'bound', ?, CASE WHEN i < ? THEN ? ELSE ? END, ?, i + 1,
           CASE WHEN ? THEN 'guest-' || i END FROM n`,
      )
      .run(
        ...[count, FIRST_ADDRESS, hardware, hardware, begin],
        ...[count - expired, begin + HALF_A_DAY, now - 1000, begin, Number(isNamed)],
      );
    database
      .prepare(
        `INSERT INTO history (at, address, client, mac, event, reason, expires_at)
         SELECT updated_at, address, client, mac, 'bound', 'bound', expires_at FROM lease`,
      )
      .run();
  })();
  database.pragma('wal_checkpoint(TRUNCATE)');
  database.close();
}
