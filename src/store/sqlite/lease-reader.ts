import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Database } from 'better-sqlite3';
import { codeOf, GatewayError } from '../../errors.ts';
import type { Instant } from '../../lease/lease.ts';
import type { IdName, LEASE_FIELDS } from '../../lease/lease-fields.ts';
import type { Reservation } from '../../lease/reservation/reservation.ts';
import {
  RESERVATION_FIELD_NAMES,
  RESERVATION_FIELDS,
  reservationFromColumns,
} from '../../lease/reservation/reservation-fields.ts';
import type { HardwareAddress } from '../../net/hardware-address.ts';
import type { Ipv4 } from '../../net/ipv4.ts';
import { LEASE_FILE } from './disk/directory.ts';
import { diskErrorOf, isDamage } from './disk/disk-error.ts';
import { openSqlite } from './disk/driver.ts';
import { refuseOddFiles } from './disk/file-names.ts';
import { newerSchema } from './file/open-database.ts';
import { readJournal } from './journal/read-journal.ts';
import { HISTORY_COLUMNS, LEASES_VIEW_COLUMNS, MIGRATIONS, schemaOf } from './tables/schema.ts';
import { Writer } from './tables/writer.ts';

/** Rows that one read looks at. Reads are short, since the server's WAL cannot start over while one is open. */
const PAGE_ROWS = 5000;
const NO_RIGHT_TO_FILE =
  'this user may not read it: run the command as the user of the gateway, as one of its group, or as root';
const NO_RIGHT =
  'this user has no right to its directory: run the command as the user of the gateway, as one of its group, or as root';
/** How long to wait for a checkpoint or a recovery that is under way: milliseconds. */
const BUSY_MILLISECONDS = 2000;

/** How the view shows a value of each type. */
interface ShownValues {
  readonly ipv4: string;
  readonly client: string;
  readonly state: string;
  readonly mac: string | null;
  /** Null: it has no meaning in this state. */
  readonly time: string | null;
  /** How long the lease or the quarantine was given for; 4294967295: without end; null: not known, or neither. */
  readonly seconds: number | null;
  readonly version: number;
  readonly text: string | null;
  readonly id: string | null;
}

type Fields = typeof LEASE_FIELDS;

/** A row of the view `leases`. */
export type ListedLease = {
  readonly [Name in keyof Fields as Exclude<Fields[Name]['listed'], '-'>]: ShownValues[Fields[Name]['type']];
};

/** A row of the view `lease_history`. */
export interface ListedEvent extends Pick<ListedLease, Fields[IdName]['listed']> {
  readonly at: string;
  readonly address: string;
  readonly event: string;
  readonly mac: string | null;
  readonly hostname: string | null;
  readonly reason: string;
  readonly expires: string | null;
  readonly node: string | null;
  readonly client: string;
}

/** The row of the view `mirror_state`. */
export interface MirrorState {
  readonly segment: string;
  readonly birth: string;
  readonly revision: number;
  readonly seen: string;
  readonly age_seconds: number;
  readonly quorum: 'yes' | 'no';
}

/** Which rows of the history are wanted. An undefined member allows all. */
export interface HistoryFilter extends Pick<LeaseFilter, 'address' | 'mac'> {
  /** Not before this. */
  readonly since?: Instant | undefined;
  /** Not after this. */
  readonly until?: Instant | undefined;
}

/** Which leases are wanted. An undefined member allows all. */
export interface LeaseFilter {
  readonly address?: Ipv4 | undefined;
  readonly mac?: HardwareAddress | undefined;
  /** As the view shows it: free, bound, expired, declined or peer. */
  readonly state?: string | undefined;
  /** A part of the host name; upper and lower case are the same. */
  readonly hostname?: string | undefined;
}

const LEASES = `
SELECT * FROM (SELECT lease.address AS position, lease.mac AS hardware, ${LEASES_VIEW_COLUMNS} FROM lease)
WHERE position > @after AND position <= @upTo
  AND (@address IS NULL OR position = @address) AND (@mac IS NULL OR hardware = @mac)
  AND (@state IS NULL OR state = @state) AND (@hostname IS NULL OR instr(folded(hostname), folded(@hostname)) > 0)
ORDER BY position`;

/** Those that run, with what their guests' names depend on. */
const NAMED = `
SELECT * FROM (SELECT lease.address AS position, lease.mac AS hardware, lease.starts_at AS startedAt, ${LEASES_VIEW_COLUMNS} FROM lease)
WHERE position > @after AND position <= @upTo AND state = 'bound' ORDER BY position`;

const EVENTS = `
SELECT * FROM (SELECT history.id AS position, history.address AS number, history.mac AS hardware,
  history.at AS moment, ${HISTORY_COLUMNS} FROM history)
WHERE position > @after AND position <= @upTo
  AND (@address IS NULL OR number = @address) AND (@mac IS NULL OR hardware = @mac)
  AND (@since IS NULL OR moment >= @since) AND (@until IS NULL OR moment <= @until)
ORDER BY position`;

const LEASE_PAGE = `SELECT max(address) FROM (SELECT address FROM lease WHERE address > ? ORDER BY address LIMIT ${PAGE_ROWS})`;
const RESERVATIONS = `SELECT ${RESERVATION_FIELD_NAMES.map((name) => RESERVATION_FIELDS[name].name).join(', ')} FROM reservation ORDER BY id`;
const EVENT_PAGE = `SELECT max(id) FROM (SELECT id FROM history WHERE id > ? ORDER BY id LIMIT ${PAGE_ROWS})`;

/** Reads a lease file in short reads that do not hold up its server, which may run or not. */
export class LeaseReader {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
    // SQLite's own lower() changes only ASCII.
    const folded = (text: unknown) => (typeof text === 'string' ? text.toLowerCase() : null);
    database.function('folded', { deterministic: true }, folded);
  }

  /** The wanted leases by address, ascending. */
  leases(filter: LeaseFilter): Generator<ListedLease> {
    const { address = null, mac = null, state = null, hostname = null } = filter;
    return this.#rows(LEASES, LEASE_PAGE, { address, mac, state, hostname }) as Generator<ListedLease>;
  }

  /** The leases that run, by address, and when each began: wall-clock milliseconds. */
  running(): Generator<ListedLease & { readonly startedAt: number }> {
    return this.#rows(NAMED, LEASE_PAGE, {}) as Generator<ListedLease & { readonly startedAt: number }>;
  }

  /** How fresh this mirror of shared leases is; undefined: the leases are this node's own. */
  mirrorState(): MirrorState | undefined {
    return this.#database.prepare('SELECT * FROM mirror_state').get() as MirrorState | undefined;
  }

  /** The wanted rows of the history, the oldest first. */
  history(filter: HistoryFilter): Generator<ListedEvent> {
    const { address = null, mac = null, since = null, until = null } = filter;
    return this.#rows(EVENTS, EVENT_PAGE, { address, mac, since, until }) as Generator<ListedEvent>;
  }

  /** The reservations by their ids, those that were removed and whose address is still kept included. */
  *reservations(): Generator<Reservation> {
    // They are as many as guests at most, and small: one read.
    const rows = this.#database.prepare(RESERVATIONS).raw().all() as readonly (readonly unknown[])[];
    for (const row of rows) {
      const reservation = reservationFromColumns(row);
      if (reservation !== undefined) yield reservation;
    }
  }

  close(): void {
    this.#database.close();
  }

  *#rows(sql: string, page: string, wanted: object): Generator<unknown> {
    const rows = this.#database.prepare(sql);
    const bound = this.#database.prepare(page).pluck();
    for (let after: unknown = -1; ; ) {
      const upTo: unknown = bound.get(after);
      if (typeof upTo !== 'number') return;
      for (const row of rows.all({ ...wanted, after, upTo })) yield shown(row);
      after = upTo;
    }
  }
}

/** Whether a directory has a lease file that this user may see. */
export function hasLeaseFile(directory: string): boolean {
  return seen(join(directory, LEASE_FILE)) === 'there';
}

function seen(file: string): 'there' | 'missing' | 'no-right' {
  try {
    statSync(file);
    return 'there';
  } catch (error) {
    return codeOf(error) === 'EACCES' ? 'no-right' : 'missing';
  }
}

/** Opens the lease file of a directory to read. @throws GatewayError that names the file and the remedy. */
export function openLeaseReader(directory: string): LeaseReader {
  const file = join(directory, LEASE_FILE);
  const found = seen(file);
  if (found === 'no-right') throw new GatewayError('store-unusable', `${file}: ${NO_RIGHT}`);
  if (found === 'missing') {
    const remedy = 'start the gateway once, or name its directory (GATEWAY_DHCP_LEASES_DIR or --leases-dir)';
    throw new GatewayError('store-unusable', `${file}: there is no such file: ${remedy}`);
  }
  let database: Database | undefined;
  try {
    refuseOddFiles(['', '-wal', '-shm'].map((suffix) => file + suffix));
    database = connect(file);
    const schema = schemaOf(database);
    if (schema > MIGRATIONS.length) throw newerSchema(file, schema, MIGRATIONS.length);
    if (schema < MIGRATIONS.length) {
      const remedy = 'start this version of the gateway once, which brings the file up to date';
      throw new GatewayError('store-unusable', `${file}: has schema ${schema}, older than ours: ${remedy}`);
    }
    return new LeaseReader(withJournal(database, file));
  } catch (cause) {
    database?.close();
    if (isDamage(cause)) {
      const remedy = 'start the gateway, which puts a damaged file aside and keeps what can be read of it';
      throw new GatewayError('store-unusable', `${file}: is damaged or no lease file: ${remedy}`, cause);
    }
    // Whoever only reads is never told to take the files over: they are the gateway's.
    if (codeOf(cause) === 'EACCES')
      throw new GatewayError('store-unusable', `${file}: ${NO_RIGHT_TO_FILE}`, cause);
    throw diskErrorOf(file, cause);
  }
}

function connect(file: string): Database {
  let database: Database | undefined;
  try {
    database = openSqlite(file, { readonly: true, fileMustExist: true, timeout: BUSY_MILLISECONDS });
    database.pragma('schema_version');
    return database;
  } catch (error) {
    database?.close();
    if (!isReadOnlyDirectory(error)) throw error;
    if ((statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0) throw unreadableWal(file, error);
    return inMemory(readFileSync(file)); // Without a log the file has all changes.
  }
}

/** The file as it will be when its server has applied the journal: a copy in memory, unless the journal has nothing new. */
function withJournal(database: Database, file: string): Database {
  // One view of the file: a batch that is applied while the journal is read would be in neither otherwise.
  database.exec('BEGIN');
  const meta = database.prepare('SELECT value FROM meta WHERE key = ?').pluck();
  const applied: unknown = meta.get('carried');
  const records = readJournal(
    file,
    String(meta.get('birth')),
    applied === undefined ? undefined : Number(applied),
  );
  const bytes = records.length === 0 ? undefined : database.serialize();
  database.exec('COMMIT');
  if (bytes === undefined) return database;
  const copy = inMemory(bytes);
  database.close();
  const node: unknown = copy.prepare("SELECT value FROM meta WHERE key = 'node'").pluck().get();
  const writer = new Writer(copy, typeof node === 'string' && node !== '' ? node : null);
  writer.begin();
  for (const record of records) {
    writer.put(record);
    if (record.event !== undefined) writer.addToHistory(record);
  }
  writer.commit();
  return copy;
}

/** True if SQLite could not create the index of the log in the file's directory; it cannot read the log without it. */
function isReadOnlyDirectory(error: unknown): boolean {
  const code = codeOf(error);
  return code === 'SQLITE_CANTOPEN' || code.startsWith('SQLITE_READONLY');
}

function unreadableWal(file: string, cause: unknown): GatewayError {
  const remedy =
    'its directory is not writable for this user: run the command as the user of the gateway, or as root';
  return new GatewayError(
    'store-unusable',
    `${file}: its newest leases are in ${file}-wal: ${remedy}`,
    cause,
  );
}

/** A database in memory may not say that it has a log beside it (file format §1.3.4). */
function inMemory(bytes: Buffer): Database {
  bytes.fill(1, 18, 20);
  return openSqlite(bytes);
}

function shown(row: unknown): unknown {
  const {
    position: _position,
    hardware: _hardware,
    number: _number,
    moment: _moment,
    ...columns
  } = row as Record<string, unknown>;
  return columns;
}
