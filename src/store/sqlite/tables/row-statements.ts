import type { Database, Statement } from 'better-sqlite3';
import { LEASE_FIELDS } from '../../../lease/lease-fields.ts';
import { CHANGING_COLUMNS, HISTORY_COLUMNS_WITHOUT_IDS, ID_COLUMNS, STAYING_COLUMNS } from './rows.ts';

/** A host name belongs to the client, and stays as long as the address names it. */
const HOSTNAME = LEASE_FIELDS.hostname.column;
const RENEWED_HOSTNAME = `coalesce(?, ${HOSTNAME})`;
const PUT_HOSTNAME = `CASE WHEN client = excluded.client THEN coalesce(excluded.${HOSTNAME}, ${HOSTNAME})
    ELSE excluded.${HOSTNAME} END`;

/** What is carried over again, from before a damage perhaps, is never put over what is newer. */
const UNLESS_NEWER = 'WHERE excluded.version >= version';

/** Each takes its values in the order of the columns, and the ids last, if it is for rows that have any. */
export interface RowStatements {
  /** Then address, client, state and the newest version over which it may be put. Changes nothing: put it. */
  readonly renew: Statement;
  readonly put: Statement;
  readonly remember: Statement;
}

/**
 * What writes rows that have ids, or the many that have none: those have nothing bound for them.
 *
 * @param isMirror Versions begin anew with the generations of another store; else what is newer stays.
 */
export function rowStatements(database: Database, isMirror: boolean, hasIds: boolean): RowStatements {
  return {
    renew: database.prepare(renewal(hasIds)),
    put: database.prepare(isMirror ? put(hasIds) : `${put(hasIds)}\n${UNLESS_NEWER}`),
    remember: database.prepare(remember(hasIds)),
  };
}

/** The rest of the row stands already, unless somebody has edited the file meanwhile: then no row matches. */
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

/** A host name that it does not say is the one that the row of the lease has. */
function remember(hasIds: boolean): string {
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
