import type { Database } from 'better-sqlite3';
import { HISTORY_COLUMNS } from '../tables/schema.ts';
import type { FoundEvent } from './search-history.ts';
import { foundEventOf } from './search-history.ts';

/** Rows of one look; of more the rest comes with the next one. */
const MOST_ROWS = 10_000;

/** The id of the newest row; 0: there is none. */
export function newestRow(database: Database): number {
  return Number(database.prepare('SELECT coalesce(max(id), 0) FROM history').pluck().get());
}

/** True: the file mirrors leases that several gateways share. */
export function isMirror(database: Database): boolean {
  return database.prepare('SELECT count(*) FROM mirror').pluck().get() === 1;
}

/** The rows behind one, the oldest first. */
export function rowsBehind(database: Database, id: number): readonly FoundEvent[] {
  const rows = database
    .prepare(
      `SELECT history.id AS id, ${HISTORY_COLUMNS} FROM history WHERE id > ? ORDER BY id LIMIT ${MOST_ROWS}`,
    )
    .all(id);
  return rows.map((row) => foundEventOf(row as Parameters<typeof foundEventOf>[0]));
}
