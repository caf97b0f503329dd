import type { Database } from 'better-sqlite3';
import { type Instant, instant, type Lease, type Version } from '../../../lease/lease.ts';
import type { StoredLease, StoredState } from '../../../lease/stored-state.ts';
import type { LeaseTable } from '../../../lease-table/lease-table.ts';
import type { JournalRecord } from '../journal/journal-record.ts';
import { LEASE_ROW, leaseFromRow } from './rows.ts';

/** How many rows are read at once. */
const PAGE_ROWS = 4096;
const NAMES = LEASE_ROW.map((_, index) => `value${index}`);
const SELECTED = LEASE_ROW.map((column, index) => `${column} AS value${index}`);
/** A page of rows, as one JSON text for each column: value by value takes half as long again. */
const PAGE = `
SELECT ${NAMES.map((name) => `json_group_array(${name})`).join(', ')}
FROM (SELECT ${SELECTED.join(', ')} FROM lease WHERE address > ? ORDER BY address LIMIT ${PAGE_ROWS})`;

export interface Loaded {
  readonly loaded: Readonly<Record<StoredState, number>>;
  readonly skipped: number;
  /** The newest `updatedAt` of a lease that was stored after the clock was noted; 0: there is none. */
  readonly lastStoredAt: Instant;
}

/**
 * Fills an empty table with the leases of the file and of the journal. Rows that no version of this program has written
 * are counted in `skipped`, and are not used.
 *
 * @param noted The newest version when the clock was noted.
 * @param unapplied Records that are in the journal and not in the file.
 * @throws Error of SQLite.
 */
export function loadLeases(
  database: Database,
  table: LeaseTable,
  noted: Version,
  unapplied: readonly JournalRecord[] = [],
): Loaded {
  const loaded = { free: 0, bound: 0, declined: 0, peer: 0 };
  let skipped = 0;
  let lastStoredAt = instant(0);
  const newest = new Map(unapplied.map((record) => [record.address, record]));
  const count = <Counted extends StoredLease>(lease: Counted): Counted => {
    loaded[lease.state] += 1;
    if (lease.version > noted && lease.updatedAt > lastStoredAt) lastStoredAt = lease.updatedAt;
    return lease;
  };
  function* leases(): Generator<Lease> {
    for (const row of rowsOf(database)) {
      const lease = leaseFromRow(row);
      if (lease === undefined) skipped += 1;
      else if ((newest.get(lease.address)?.version ?? 0) < lease.version) {
        newest.delete(lease.address);
        yield count(lease);
      }
    }
    for (const record of newest.values()) yield count(record);
  }
  table.fill(leases());
  return { loaded, skipped, lastStoredAt };
}

function* rowsOf(database: Database): Generator<readonly unknown[]> {
  const select = database.prepare(PAGE).raw();
  for (let after: unknown = Number.MIN_SAFE_INTEGER; ; ) {
    const columns = (select.get(after) as readonly string[]).map((text): readonly unknown[] =>
      JSON.parse(text),
    );
    const [addresses = []] = columns;
    for (let at = 0; at < addresses.length; at += 1) yield rowAt(columns, at);
    if (addresses.length < PAGE_ROWS) return;
    after = addresses.at(-1);
  }
}

function rowAt(columns: readonly (readonly unknown[])[], at: number): readonly unknown[] {
  const row: unknown[] = [];
  for (const column of columns) row.push(column[at]);
  return row;
}
