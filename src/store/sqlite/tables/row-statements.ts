import type { Database, Statement } from 'better-sqlite3';
import { LEASE_FIELDS } from '../../../lease/lease-fields.ts';
import { CHANGING_COLUMNS, HISTORY_COLUMNS_WITHOUT_IDS, ID_COLUMNS, STAYING_COLUMNS } from './rows.ts';

/** A host name belongs to the client: it stays while the row names that client. */
const HOSTNAME = LEASE_FIELDS.hostname.column;
const RENEWED_HOSTNAME = `coalesce(?, ${HOSTNAME})`;
const PUT_HOSTNAME = `CASE WHEN client = excluded.client THEN coalesce(excluded.${HOSTNAME}, ${HOSTNAME})
    ELSE excluded.${HOSTNAME} END`;

/** A record that is applied again never replaces a newer row. */
const UNLESS_NEWER = 'WHERE excluded.version >= version';

/** Each takes its values in the order of the columns. The ids come last, in statements for rows with ids. */
export interface RowStatements {
  /** Then address, client, state and the newest version that it may replace. If it changes no row, run `put`. */
  readonly renew: Statement;
  readonly put: Statement;
  readonly addToHistory: Statement;
}

/**
 * The statements for rows with ids, or for the many without, where no id is bound.
 *
 * @param isMirror True: versions begin anew with another store's generations. False: a newer row stays.
 */
export function rowStatements(database: Database, isMirror: boolean, hasIds: boolean): RowStatements {
  return {
    renew: database.prepare(renewal(hasIds)),
    put: database.prepare(isMirror ? put(hasIds) : `${put(hasIds)}\n${UNLESS_NEWER}`),
    addToHistory: database.prepare(addToHistory(hasIds)),
  };
}

/** Leaves the rest of the row as it is. No row matches if somebody has edited the file: then `put` writes all of it. */
function renewal(hasIds: boolean): string {
  const changing = CHANGING_COLUMNS.map((column) =>
    column === HOSTNAME ? `${column} = ${RENEWED_HOSTNAME}` : `${column} = ?`,
  );
  const ids = ID_COLUMNS.map((column) => `${column} = ${hasIds ? '?' : 'NULL'}`);
  return `
UPDATE lease SET ${[...changing, ...ids].join(', ')}
WHERE address = ? AND client = ? AND state = ? AND version <= ?`;
}

function put(hasIds: boolean): string {
  const columns = [...STAYING_COLUMNS, ...CHANGING_COLUMNS, ...(hasIds ? ID_COLUMNS : [])];
  const replaced = columns
    .filter((column) => column !== LEASE_FIELDS.address.column)
    .map((column) => `${column} = ${column === HOSTNAME ? PUT_HOSTNAME : `excluded.${column}`}`);
  const ended = hasIds ? [] : ID_COLUMNS.map((column) => `${column} = NULL`);
  return `
INSERT INTO lease (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})
ON CONFLICT (address) DO UPDATE SET ${[...replaced, ...ended].join(', ')}`;
}

/** Without a host name it takes the one in the row of the lease. */
function addToHistory(hasIds: boolean): string {
  const columns = [...HISTORY_COLUMNS_WITHOUT_IDS, ...(hasIds ? ID_COLUMNS : [])];
  const values = columns.map((column) =>
    column === HOSTNAME ? `coalesce(new.${column}, lease.${column})` : `new.${column}`,
  );
  return `
INSERT INTO history (${columns.join(', ')})
SELECT ${values.join(', ')}
FROM (SELECT ${columns.map((column) => `? AS ${column}`).join(', ')}) AS new
LEFT JOIN lease ON lease.address = new.address AND lease.client = new.client
WHERE true ON CONFLICT (id) DO NOTHING`;
}
