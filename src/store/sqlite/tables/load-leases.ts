import type { Database } from 'better-sqlite3';
import { type Instant, instant, type Lease, type Version } from '../../../lease/lease.ts';
import type { StoredLease, StoredState } from '../../../lease/stored-state.ts';
import type { LeaseTable } from '../../../lease-table/lease-table.ts';
import type { JournalRecord } from '../journal/journal-record.ts';
import { ADDRESS, ALL_IDS, ANY_ID, LEASE_ROW_WITHOUT_IDS, leaseFromRow } from './rows.ts';

/** How many addresses one read covers; more where few of them have a row. */
const PAGE_ADDRESSES = 4096;
const MOST_ADDRESSES = 65_536;
const LAST = 2 ** 32 - 1;
const RANGE = 'FROM lease WHERE address > ? AND address <= ?';
/**
 * The rows of a range, as one JSON text for each column, and how many of them have ids. To read value by value takes 1.5 times
 * as long, and pages by LIMIT 1.2 times.
 */
const PAGE = `SELECT ${LEASE_ROW_WITHOUT_IDS.map((column) => `json_group_array(${column})`).join(', ')}, count(${ANY_ID}) ${RANGE}`;
/** The ids of a range: a JSON text for each row that has some, within one JSON text. */
const IDS = `SELECT json_group_array(address), json_group_array(${ALL_IDS} || '') ${RANGE}`;
const NEXT = `SELECT min(address) ${RANGE}`;
/** Rows that are at no address. */
const ELSEWHERE = `SELECT (SELECT count(*) FROM lease WHERE address < 0) + (SELECT count(*) FROM lease WHERE address > ${LAST})`;

const NO_IDS: ReadonlyMap<unknown, unknown> = new Map();

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
  let skipped = Number(database.prepare(ELSEWHERE).pluck().get());
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
  const page = database.prepare(PAGE).raw();
  const next = database.prepare(NEXT).pluck();
  let addresses = PAGE_ADDRESSES;
  for (let after = -1; ; ) {
    const first = next.get(after, LAST) as number | null;
    if (first === null) return;
    const last = Math.min(LAST, first + addresses - 1);
    const values = page.get(first - 1, last) as readonly unknown[];
    const withIds = values.at(-1);
    const columns = values.slice(0, -1).map((text): readonly unknown[] => JSON.parse(String(text)));
    const ids = withIds === 0 ? NO_IDS : idsOf(database, first - 1, last);
    const count = columns[0]?.length ?? 0;
    for (let at = 0; at < count; at += 1) yield rowAt(columns, at, ids);
    if (count < PAGE_ADDRESSES / 4) addresses = Math.min(addresses * 2, MOST_ADDRESSES);
    else if (count > PAGE_ADDRESSES) addresses = PAGE_ADDRESSES;
    after = last;
  }
}

/** By address, as `leaseFromRow` reads them. */
function idsOf(database: Database, after: number, last: number): ReadonlyMap<unknown, unknown> {
  const [addresses, ids] = (database.prepare(IDS).raw().get(after, last) as readonly string[]).map(
    (text): readonly unknown[] => JSON.parse(text),
  );
  return new Map(addresses?.map((address, at) => [address, ids?.[at]]));
}

function rowAt(
  columns: readonly (readonly unknown[])[],
  at: number,
  ids: ReadonlyMap<unknown, unknown>,
): readonly unknown[] {
  const row: unknown[] = [];
  for (const column of columns) row.push(column[at]);
  row.push(ids.size === 0 ? null : ids.get(row[ADDRESS]));
  return row;
}
