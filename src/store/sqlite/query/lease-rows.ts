import type { Database } from 'better-sqlite3';
import type { Ipv4 } from '../../../net/ipv4.ts';
import type { ListedLease } from '../lease-reader.ts';
import { LEASES_VIEW_COLUMNS } from '../tables/schema.ts';

/** Reads the rows of single addresses; undefined: it was never leased. */
export function leaseRows(database: Database): (address: Ipv4) => ListedLease | undefined {
  const row = database.prepare(`SELECT ${LEASES_VIEW_COLUMNS} FROM lease WHERE address = ?`);
  return (address) => row.get(address) as ListedLease | undefined;
}
