import type { Database } from 'better-sqlite3';
import { LEASES_VIEW_COLUMNS } from '../tables/schema.ts';

/** Who keeps an address from others. */
export interface AddressHolder {
  readonly state: 'bound' | 'declined' | 'peer';
  readonly node: string | null;
}

const HELD: readonly unknown[] = ['bound', 'declined', 'peer'];

/** Finds what keeps an address from others now; undefined: nothing does, whatever was leased there. */
export function addressHolders(database: Database): (address: number) => AddressHolder | undefined {
  const row = database.prepare(
    `SELECT state, node FROM (SELECT lease.address AS position, ${LEASES_VIEW_COLUMNS} FROM lease) WHERE position = ?`,
  );
  return (address) => {
    const found = row.get(address) as AddressHolder | undefined;
    return HELD.includes(found?.state) ? found : undefined;
  };
}
