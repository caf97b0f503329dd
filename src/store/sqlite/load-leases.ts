import type { Database } from 'better-sqlite3';
import { type Instant, instant } from '../../lease/lease.ts';
import type { LeaseTable } from '../lease-table.ts';
import { LEASE_ROW, leaseFromRow, type StoredState } from './rows.ts';

/** How many rows are read at once. */
const PAGE_ROWS = 4096;

export interface Loaded {
  readonly loaded: Readonly<Record<StoredState, number>>;
  readonly skipped: number;
  readonly lastStoredAt: Instant;
}

/** Fills the table from the file, a page of rows at a time. Rows that are none of ours are counted and left alone. */
export function loadLeases(database: Database, table: LeaseTable): Loaded {
  const loaded = { free: 0, bound: 0, declined: 0, peer: 0 };
  let skipped = 0;
  let lastStoredAt = instant(0);
  const select = database.prepare(
    `SELECT ${LEASE_ROW} FROM lease WHERE address > ? ORDER BY address LIMIT ${PAGE_ROWS}`,
  );
  select.raw();
  for (let after: unknown = Number.MIN_SAFE_INTEGER; ; ) {
    const rows = select.all(after) as readonly (readonly unknown[])[];
    for (const row of rows) {
      const lease = leaseFromRow(row);
      if (lease === undefined) {
        skipped += 1;
        continue;
      }
      table.load(lease);
      loaded[lease.state] += 1;
      if (lease.updatedAt > lastStoredAt) lastStoredAt = lease.updatedAt;
    }
    if (rows.length < PAGE_ROWS) return { loaded, skipped, lastStoredAt };
    after = rows.at(-1)?.[0];
  }
}
