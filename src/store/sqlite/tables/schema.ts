import type { Database } from 'better-sqlite3';
import { FIELD_NAMES, type FieldName, type FieldType, LEASE_FIELDS } from '../../../lease/lease-fields.ts';
import {
  RESERVATION_FIELD_NAMES,
  RESERVATION_FIELDS,
} from '../../../lease/reservation/reservation-fields.ts';
import { ID_COLUMNS } from './rows.ts';

/** Marks the file as ours: the command `file` shows it. */
export const APPLICATION_ID = 0x76706764;

const NOW = "CAST(strftime('%s', 'now') AS INTEGER) * 1000";

function dotted(column: string): string {
  const octets = [24, 16, 8, 0].map((shift) => `((${column} >> ${shift}) & 255)`);
  return octets.join(" || '.' || ");
}

function colons(column: string): string {
  const pairs = [40, 32, 24, 16, 8, 0].map((shift) => `(${column} >> ${shift}) & 255`);
  // One call of printf: a search makes this text for each of all leases.
  return `CASE WHEN ${column} <> 0 THEN printf('${pairs.map(() => '%02x').join(':')}', ${pairs.join(', ')}) END`;
}

function iso(column: string): string {
  return `strftime('%Y-%m-%dT%H:%M:%SZ', ${column} / 1000, 'unixepoch')`;
}

/** 9999-12-31T23:59:59Z: a lease without end. */
function isoOrNever(column: string): string {
  return `CASE WHEN ${column} >= 253402300799000 THEN 'never' ELSE ${iso(column)} END`;
}

/** The state as of now: a lease that has run out is shown as expired, though its row says bound. */
const STATE = `CASE WHEN state = 'bound' AND expires_at <= ${NOW} THEN 'expired'
       WHEN state = 'declined' AND expires_at <= ${NOW} THEN 'free'
       ELSE state END`;
const EXPIRES = `CASE WHEN state = 'bound' OR (state = 'declined' AND expires_at > ${NOW})
       THEN ${isoOrNever('expires_at')} END`;

/** How the views show a column of each type. Times are UTC. */
const SHOWN: Readonly<Record<FieldType, (column: string) => string>> = {
  ipv4: dotted,
  mac: colons,
  client: (column) => column,
  state: () => STATE,
  time: (column) => (column === LEASE_FIELDS.expiresAt.column ? EXPIRES : iso(column)),
  seconds: (column) => `nullif(${column}, 0)`,
  version: (column) => column,
  text: (column) => column,
  id: (column) => column,
};

/** The columns that the view had first. Later ones are behind them, so that the order of the first ones stays. */
const FIRST_LISTED: readonly FieldName[] = [
  ...(['address', 'hardware', 'hostname', 'state', 'startsAt', 'expiresAt', 'updatedAt'] as const),
  ...(['vpsId', 'node', 'client'] as const),
];
const LATER_LISTED = FIELD_NAMES.filter(
  (name) => LEASE_FIELDS[name].listed !== '-' && !FIRST_LISTED.includes(name),
);

/** The columns of the view `leases`. */
export const LEASES_VIEW_COLUMNS = [...FIRST_LISTED, ...LATER_LISTED]
  .map((name) => {
    const { type, column, listed } = LEASE_FIELDS[name];
    return `\n  ${SHOWN[type](column)} AS ${listed}`;
  })
  .join(',');

/** The columns of the view `lease_history`. Ids that were added later are behind the others. */
export const HISTORY_COLUMNS = `
  ${iso('at')} AS at,
  ${dotted('address')} AS address,
  event,
  ${colons('mac')} AS mac,
  hostname, reason,
  CASE WHEN event IN ('bound', 'declined') THEN ${isoOrNever('expires_at')} END AS expires,
  vps_id, node, client${ID_COLUMNS.filter((column) => column !== 'vps_id')
    .map((column) => `, ${column}`)
    .join('')}`;

/** The columns of the view `reservations`. */
const RESERVATION_COLUMNS = RESERVATION_FIELD_NAMES.map((name) => {
  const { kind, name: column } = RESERVATION_FIELDS[name];
  const shown = kind.shownAs === undefined ? String : { address: dotted, time: iso }[kind.shownAs];
  return `\n  ${shown(column)} AS ${column}`;
}).join(',');

/** They need the columns that all migrations have made. */
const VIEWS = `
DROP VIEW IF EXISTS leases;
DROP VIEW IF EXISTS lease_history;
DROP VIEW IF EXISTS reservations;
CREATE VIEW leases AS SELECT ${LEASES_VIEW_COLUMNS} FROM lease ORDER BY lease.address;
CREATE VIEW lease_history AS SELECT ${HISTORY_COLUMNS} FROM history ORDER BY history.id;
CREATE VIEW reservations AS SELECT ${RESERVATION_COLUMNS} FROM reservation ORDER BY reservation.id;
`;

export interface Migration {
  readonly sql: string;
}

/**
 * The schema as numbered migrations. A file's user_version is how many of them were run on it. A migration never changes
 * once it is released, and a new one only adds columns: salvage.ts relies on their order, which is that of LEASE_FIELDS. The
 * views of leases and history are created again after the last migration.
 */
export const MIGRATIONS: readonly Migration[] = [
  {
    sql: `
CREATE TABLE lease (
  address INTEGER PRIMARY KEY, -- as an unsigned 32-bit number
  client TEXT NOT NULL,
  mac INTEGER NOT NULL, -- as an unsigned 48-bit number; 0: none
  state TEXT NOT NULL,
  starts_at INTEGER NOT NULL, -- times are milliseconds since 1970, UTC
  expires_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  version INTEGER NOT NULL,
  hostname TEXT,
  node TEXT,
  vps_id TEXT
) STRICT;
CREATE TABLE history (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  address INTEGER NOT NULL,
  client TEXT NOT NULL,
  mac INTEGER NOT NULL,
  event TEXT NOT NULL,
  reason TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  hostname TEXT,
  node TEXT,
  vps_id TEXT
) STRICT;
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
`,
  },
  { sql: 'ALTER TABLE lease ADD COLUMN granter INTEGER NOT NULL DEFAULT 0' },
  {
    sql: `
CREATE TABLE mirror ( -- one row while this file mirrors leases that several gateways share, else none
  one INTEGER PRIMARY KEY CHECK (one = 1),
  segment TEXT NOT NULL,
  birth TEXT NOT NULL, -- the shared leases are known by it
  revision INTEGER NOT NULL, -- all their changes up to it are in this file
  seen_at INTEGER NOT NULL, -- when a majority of etcd last answered
  quorum INTEGER NOT NULL -- 1: it answered when it was last asked
) STRICT;
CREATE VIEW mirror_state AS SELECT segment, birth, revision, ${iso('seen_at')} AS seen,
  (${NOW} - seen_at) / 1000 AS age_seconds, CASE quorum WHEN 1 THEN 'yes' ELSE 'no' END AS quorum FROM mirror;
`,
  },
  {
    sql: `
-- How long the lease or the quarantine was given for; 4294967295: without end; 0: not known, or neither
ALTER TABLE lease ADD COLUMN lease_seconds INTEGER NOT NULL DEFAULT 0;
`,
  },
  {
    sql: `
ALTER TABLE lease ADD COLUMN reservation_id TEXT;
ALTER TABLE lease ADD COLUMN organization_id TEXT;
ALTER TABLE history ADD COLUMN reservation_id TEXT;
ALTER TABLE history ADD COLUMN organization_id TEXT;
`,
  },
  {
    sql: `
ALTER TABLE lease ADD COLUMN port TEXT;
ALTER TABLE history ADD COLUMN port TEXT;
`,
  },
  {
    sql: `
CREATE TABLE reservation ( -- docs/ARCHITECTURE.md: an address for one guest; src/lease/reservation/reservation-fields.ts
  id TEXT PRIMARY KEY,
  address INTEGER NOT NULL, -- as an unsigned 32-bit number
  mac TEXT NOT NULL, -- lists and objects are JSON
  client_id TEXT, -- octets are hexadecimal digits
  circuit_id TEXT,
  port TEXT,
  hostname TEXT,
  vps_id TEXT NOT NULL,
  organization_id TEXT,
  labels TEXT NOT NULL,
  options TEXT NOT NULL,
  lease_time INTEGER, -- seconds
  note TEXT,
  source TEXT NOT NULL, -- api, file or platform
  retired_until INTEGER, -- times are milliseconds since 1970, UTC; null: it is in force
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  version INTEGER NOT NULL
) STRICT;
`,
  },
];

/** How many migrations were run on a file. */
export function schemaOf(database: Database): number {
  return Number(database.pragma('user_version', { simple: true }));
}

/**
 * Runs the migrations that were not run on this file, all of them or none. Their number is stored twice, in the header and
 * in `meta`: only a comparison shows damage to the header's numbers.
 *
 * @throws Error of SQLite.
 */
export function migrate(database: Database, migrations: readonly Migration[]): void {
  const pending = migrations.slice(schemaOf(database));
  if (pending.length === 0) return;
  database.transaction(() => {
    for (const { sql } of pending) database.exec(sql);
    database.exec(VIEWS);
    database.prepare("INSERT OR REPLACE INTO meta VALUES ('schema', ?)").run(String(migrations.length));
    database.pragma(`user_version = ${migrations.length}`);
    database.pragma(`application_id = ${APPLICATION_ID}`);
  })();
}

/** True if the file has the tables of a lease file. */
export function holdsLeases(database: Database): boolean {
  const ours =
    "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN ('lease', 'history', 'meta')";
  return database.prepare(ours).pluck().get() === 3;
}

/** False for a lease file whose header contradicts its table `meta`. */
export function fitsHeader(database: Database): boolean {
  if (!holdsLeases(database)) return true;
  const schema: unknown = database.prepare("SELECT value FROM meta WHERE key = 'schema'").pluck().get();
  const isOurs = database.pragma('application_id', { simple: true }) === APPLICATION_ID;
  return isOurs && schema === String(schemaOf(database));
}
