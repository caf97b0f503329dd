import type { Database } from 'better-sqlite3';
import { PAGE_ROWS } from './pages.ts';

const END = `SELECT address FROM lease WHERE address > ? ORDER BY address LIMIT 1 OFFSET ${PAGE_ROWS - 1}`;
const LAST = 'SELECT max(address) FROM lease WHERE address > ?';

/** Finds the address at which a page of leases ends that begins behind another one; undefined: there are no more. */
export function leasePages(database: Database): (after: number) => number | undefined {
  // SQLite steps over rows in half of the time that it takes to find the last one of a subquery.
  const end = database.prepare(END).pluck();
  const last = database.prepare(LAST).pluck();
  return (after) => {
    const found: unknown = end.get(after) ?? last.get(after);
    return typeof found === 'number' ? found : undefined;
  };
}
