import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import type { Database } from 'better-sqlite3';
import { codeOf } from '../../../errors.ts';
import { FIELD_CHECKS, FIELD_NAMES, isWhole, LEASE_FIELDS } from '../../../lease/lease-fields.ts';
import { reservationFromColumns } from '../../../lease/reservation/reservation-fields.ts';
import { openSqlite } from '../disk/driver.ts';
import { ReservationRows } from '../tables/reservation-rows.ts';
import { columnsOf, HISTORY_ROW } from '../tables/rows.ts';
import { MIGRATIONS, migrate } from '../tables/schema.ts';
import { PAGE_BYTES, type RawRow, rowsOfPage } from './sqlite-page.ts';

const WAL_HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
/** Columns that the two tables had at first. Rows from before a column was added end without it. */
const FIRST_WIDTH = 11;
const LAST_INSTANT = Date.UTC(10_000, 0);

/** How many rows were saved from a damaged file. */
export interface Salvaged {
  readonly leases: number;
  readonly history: number;
}

/**
 * Writes every row that can still be read in a damaged database and its WAL into a new one. It reads each page by itself,
 * so damage to the pages that lead to it does not matter. Of several versions of a row the newest counts, since rows are
 * never deleted. The damaged file is only read.
 *
 * @param fileId The id that the journal beside the file names, which the new file gets; undefined: there is no journal.
 * @throws Error of SQLite or of the file system.
 */
export function salvage(damaged: string, fresh: string, fileId: string | undefined): Salvaged {
  const database = openSqlite(fresh);
  try {
    database.pragma(`page_size = ${PAGE_BYTES}`);
    migrate(database, MIGRATIONS);
    database.transaction(() => {
      if (fileId !== undefined) database.prepare("INSERT INTO meta VALUES ('birth', ?)").run(fileId);
      const write = rowWriter(database);
      for (const page of pagesOf(damaged, 0, 0)) for (const row of page) write(row);
      for (const page of pagesOf(`${damaged}-wal`, WAL_HEADER_BYTES, FRAME_HEADER_BYTES)) {
        for (const row of page) write(row);
      }
    })();
    return {
      leases: Number(database.prepare('SELECT count(*) FROM lease').pluck().get()),
      history: Number(database.prepare('SELECT count(*) FROM history').pluck().get()),
    };
  } finally {
    database.close();
  }
}

/** The rows of each page of a file. `fileHeader`, `pageHeader`: bytes in front of all pages, and in front of each. */
function* pagesOf(file: string, fileHeader: number, pageHeader: number): Generator<readonly RawRow[]> {
  if (!existsSync(file)) return;
  const bytes = new Uint8Array(PAGE_BYTES);
  const handle = openSync(file, 'r');
  try {
    const { size } = fstatSync(handle);
    for (let position = fileHeader + pageHeader; position < size; position += PAGE_BYTES + pageHeader) {
      const page = new DataView(bytes.buffer, 0, readPage(handle, bytes, position));
      yield rowsOfPage(page, isFirstPage(page, position === 0));
    }
  } finally {
    closeSync(handle);
  }
}

/** Reads a page; returns how many bytes it got: 0 if its sectors have failed. */
function readPage(handle: number, bytes: Uint8Array, position: number): number {
  try {
    return readSync(handle, bytes, 0, bytes.length, position);
  } catch (error) {
    if (codeOf(error) === 'EIO') return 0;
    throw error;
  }
}

/** True for page 1, which in a WAL is known by the text that it begins with. */
function isFirstPage(page: DataView, isAtStart: boolean): boolean {
  return (
    isAtStart ||
    (page.byteLength >= 8 && page.getUint32(0) === 0x53514c69 && page.getUint32(4) === 0x74652066)
  );
}

/** Returns what writes a row into its table, if the row is one of ours. */
function rowWriter(database: Database): (row: RawRow) => void {
  const columns = columnsOf(FIELD_NAMES);
  const lease = database.prepare(`
    INSERT INTO lease (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})
    ON CONFLICT (address) DO UPDATE SET
      ${columns
        .slice(1)
        .map((column) => `${column} = excluded.${column}`)
        .join(', ')}
    WHERE excluded.version > version`);
  const history = database.prepare(`
    INSERT INTO history (${HISTORY_ROW.join(', ')}) VALUES (${HISTORY_ROW.map(() => '?').join(', ')})
    ON CONFLICT DO NOTHING`);
  const mirror = database.prepare(`
    INSERT INTO mirror VALUES (1, ?, ?, ?, ?, 0) ON CONFLICT (one) DO UPDATE SET segment = excluded.segment,
      birth = excluded.birth, revision = excluded.revision, seen_at = excluded.seen_at
    WHERE excluded.seen_at >= seen_at`);
  const reservation = reservationWriter(database);
  return ({ rowid, columns }) => {
    if (typeof columns[0] === 'string') reservation(columns);
    if (rowid === 1 && isMirrorRow(columns)) mirror.run(columns.slice(1, -1));
    if (columns.length < FIRST_WIDTH || columns[0] !== null) return;
    const values = [rowid, ...columns.slice(1)];
    if (isHistoryRow(values)) history.run(HISTORY_ROW.map((_, index) => values[index] ?? null));
    else if (isLeaseRow(values)) lease.run(wholeLeaseRow(values));
  };
}

/** Writes a row of a reservation, if it is one, in the place of an older one of its id. */
function reservationWriter(database: Database): (columns: readonly unknown[]) => void {
  const rows = new ReservationRows(database, null);
  const versions = new Map<string, number>();
  return (columns) => {
    const next = reservationFromColumns(columns);
    if (next === undefined || (versions.get(next.id) ?? -1) >= next.version) return;
    versions.set(next.id, next.version);
    rows.write({ id: next.id, next, events: [] });
  };
}

/** The values are in the order of the columns of `mirror`. */
function isMirrorRow([one, segment, birth, revision, seenAt, quorum, ...more]: readonly unknown[]): boolean {
  if (one !== null || more.length > 0 || (quorum !== 0 && quorum !== 1)) return false;
  return typeof segment === 'string' && typeof birth === 'string' && isWhole(revision) && isTime(seenAt);
}

/** The values are in the order of LEASE_FIELDS. */
function isLeaseRow(values: readonly unknown[]): boolean {
  if (values.length > FIELD_NAMES.length) return false;
  return wholeLeaseRow(values).every((value, index) => {
    const { type, empty } = LEASE_FIELDS[FIELD_NAMES[index] ?? 'address'];
    return (value === empty && value !== undefined) || STORED_CHECKS[type](value);
  });
}

/** Adds the empty values of columns that were added after the row was written. */
function wholeLeaseRow(values: readonly unknown[]): readonly unknown[] {
  return FIELD_NAMES.map((name, index) => (index < values.length ? values[index] : LEASE_FIELDS[name].empty));
}

/** The checks of values in a lease file. Offers are never stored; any text passes as an id, so that no lease is lost for it. */
const STORED_CHECKS = {
  ...FIELD_CHECKS,
  state: (value: unknown) => value !== 'offered' && FIELD_CHECKS.state(value),
  time: isTime,
  id: FIELD_CHECKS.text,
};

/** The values are in the order of HISTORY_ROW. */
function isHistoryRow(values: readonly unknown[]): boolean {
  const [id, at, address, client, mac, event, reason, expiresAt, ...texts] = values;
  if (values.length > HISTORY_ROW.length || !isWhole(id) || !isTime(at) || !isTime(expiresAt)) return false;
  if (!FIELD_CHECKS.ipv4(address) || !FIELD_CHECKS.client(client) || !FIELD_CHECKS.mac(mac)) return false;
  return typeof event === 'string' && typeof reason === 'string' && texts.every(isText);
}

function isTime(value: unknown): boolean {
  return isWhole(value, LAST_INSTANT);
}

function isText(value: unknown): boolean {
  return value === null || typeof value === 'string';
}
