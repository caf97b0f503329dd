import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import type { Database } from 'better-sqlite3';
import { FIELD_CHECKS, FIELD_NAMES, isWhole, LEASE_FIELDS } from '../../../lease/lease-fields.ts';
import { openSqlite } from '../disk/driver.ts';
import { codeOf } from '../disk/error-code.ts';
import { columnsOf, HISTORY_ROW } from '../tables/rows.ts';
import { MIGRATIONS, migrate } from '../tables/schema.ts';
import { PAGE_BYTES, type RawRow, rowsOfPage } from './sqlite-page.ts';

const WAL_HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
/** Columns of the two tables at first; rows from before a column was added end without it. */
const FIRST_WIDTH = 11;
const LAST_INSTANT = Date.UTC(10_000, 0);

/** What was carried over from a damaged file. */
export interface Salvaged {
  readonly leases: number;
  readonly history: number;
}

/**
 * Writes every row that can still be read off a damaged database and its WAL into a new one. It reads the pages
 * themselves, whatever became of those that lead to them; of several versions of a row the newest counts, since rows
 * are never deleted. The damaged file is only read.
 *
 * @param birth Of the journal beside it, whose file the new one is from the start; undefined: there is none.
 */
export function salvage(damaged: string, fresh: string, birth: string | undefined): Salvaged {
  const database = openSqlite(fresh);
  try {
    database.pragma(`page_size = ${PAGE_BYTES}`);
    migrate(database, MIGRATIONS);
    database.transaction(() => {
      if (birth !== undefined) database.prepare("INSERT INTO meta VALUES ('birth', ?)").run(birth);
      const keep = keeper(database);
      for (const page of pagesOf(damaged, 0, 0)) for (const row of page) keep(row);
      for (const page of pagesOf(`${damaged}-wal`, WAL_HEADER_BYTES, FRAME_HEADER_BYTES)) {
        for (const row of page) keep(row);
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

/** The rows of each page of a file that has something before its pages and before each of them. */
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

/** How many bytes of a page can be read: none of one whose sectors have failed. */
function readPage(handle: number, bytes: Uint8Array, position: number): number {
  try {
    return readSync(handle, bytes, 0, bytes.length, position);
  } catch (error) {
    if (codeOf(error) === 'EIO') return 0;
    throw error;
  }
}

/** Page 1 in a WAL is known by the text it begins with. */
function isFirstPage(page: DataView, isAtStart: boolean): boolean {
  return (
    isAtStart ||
    (page.byteLength >= 8 && page.getUint32(0) === 0x53514c69 && page.getUint32(4) === 0x74652066)
  );
}

/** Puts a row where it belongs, if it is one of ours. */
function keeper(database: Database): (row: RawRow) => void {
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
  return ({ rowid, columns }) => {
    if (rowid === 1 && isMirrorRow(columns)) mirror.run(columns.slice(1, -1));
    if (columns.length < FIRST_WIDTH || columns[0] !== null) return;
    const values = [rowid, ...columns.slice(1)];
    if (isHistoryRow(values)) history.run(HISTORY_ROW.map((_, index) => values[index] ?? null));
    else if (isLeaseRow(values)) lease.run(wholeLeaseRow(values));
  };
}

/** In the order of the columns of `mirror`. */
function isMirrorRow([one, segment, birth, revision, seenAt, quorum, ...more]: readonly unknown[]): boolean {
  if (one !== null || more.length > 0 || (quorum !== 0 && quorum !== 1)) return false;
  return typeof segment === 'string' && typeof birth === 'string' && isWhole(revision) && isTime(seenAt);
}

/** In the order of LEASE_FIELDS. */
function isLeaseRow(values: readonly unknown[]): boolean {
  if (values.length > FIELD_NAMES.length) return false;
  return wholeLeaseRow(values).every((value, index) => {
    const { type, empty } = LEASE_FIELDS[FIELD_NAMES[index] ?? 'address'];
    return (value === empty && value !== undefined) || IN_A_FILE[type](value);
  });
}

/** With what columns have that were added since. */
function wholeLeaseRow(values: readonly unknown[]): readonly unknown[] {
  return FIELD_NAMES.map((name, index) => (index < values.length ? values[index] : LEASE_FIELDS[name].empty));
}

/** Offers are never stored; and an id that is none is no reason to lose a lease. */
const IN_A_FILE = {
  ...FIELD_CHECKS,
  state: (value: unknown) => value !== 'offered' && FIELD_CHECKS.state(value),
  time: isTime,
  id: FIELD_CHECKS.text,
};

/** In the order of HISTORY_ROW. */
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
