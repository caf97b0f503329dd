import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync } from 'node:fs';
import type { Database } from 'better-sqlite3';
import { GatewayError } from '../../../errors.ts';
import type { Instant } from '../../../lease/lease.ts';
import { NO_ROOM_FOR_INDEX } from '../disk/disk-error.ts';
import { openSqlite } from '../disk/driver.ts';
import { codeOf } from '../disk/error-code.ts';
import { tighten } from '../disk/file-mode.ts';
import { refuseOddFiles, stampOf, syncDirectoryOf, unusedName } from '../disk/file-names.ts';
import { journalOf } from '../journal/journal-file.ts';
import { damageOf } from '../salvage/damage.ts';
import { finishSetAside, type SetAside, setAside } from '../salvage/set-aside.ts';
import { PAGE_BYTES } from '../salvage/sqlite-page.ts';
import { holdsLeases, type Migration, migrate, schemaOf } from '../tables/schema.ts';

/** How long a write waits for somebody who writes to the file with other tools: milliseconds. */
const BUSY_MILLISECONDS = 200;
/** What is made under the file's name, and beside it. */
const BESIDE = ['', '-wal', '-shm', '-journal', '.salvage', '.salvaged'];
/** What a WAL that has grown is cut to when it starts over. */
const WAL_BYTES = 8 * 1024 * 1024;

export interface Connected {
  readonly database: Database;
  /** True: nobody else can read the file. */
  readonly isAlone: boolean;
}

export interface OpenedDatabase extends Connected {
  /** It was made, or made anew, by this. */
  readonly isNew: boolean;
  /** What stood in the way; undefined: the file was sound, or there was none. */
  readonly setAside: SetAside | undefined;
  /** The copy from before a migration; undefined: there was none. */
  readonly copy: string | undefined;
}

/** Opens the lease file of a directory that is ours, or makes it. */
export function openDatabase(file: string, now: Instant, migrations: readonly Migration[]): OpenedDatabase {
  refuseOddFiles([...BESIDE.map((suffix) => file + suffix), `${journalOf(file)}.new`]);
  const isFinished = finishSetAside(file, now) !== undefined;
  const wasThere = existsSync(file);
  const damage = damageOf(file);
  const aside = damage === undefined ? undefined : setAside(file, damage, now);
  const { database, isAlone } = connect(file);
  try {
    const copy = bringUpToDate(database, file, now, migrations);
    syncDirectoryOf(file);
    const isNew = isFinished || !wasThere || aside !== undefined || copy !== undefined;
    return { database, isAlone, isNew, setAside: aside, copy };
  } catch (error) {
    database.close();
    throw error;
  }
}

/**
 * Connects to a lease file that is sound. Where the disk has no room for the index of its log, that is in memory and the
 * file is this connection's alone: nobody can read it beside.
 */
export function connect(file: string): Connected {
  try {
    return { database: connectAs(file, 'NORMAL'), isAlone: false };
  } catch (error) {
    if (codeOf(error) !== NO_ROOM_FOR_INDEX) throw error;
    return { database: connectAs(file, 'EXCLUSIVE'), isAlone: true };
  }
}

function connectAs(file: string, locking: 'NORMAL' | 'EXCLUSIVE'): Database {
  const database = openSqlite(file, { timeout: BUSY_MILLISECONDS });
  try {
    for (const suffix of ['', '-wal', '-shm']) tighten(file + suffix); // What SQLite makes beside it has its mode.
    database.pragma(`locking_mode = ${locking}`);
    configure(database, file);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function configure(database: Database, file: string): void {
  database.pragma(`page_size = ${PAGE_BYTES}`);
  const mode = database.pragma('journal_mode = WAL', { simple: true });
  if (mode !== 'wal') {
    const remedy = 'set a directory on a local disk (GATEWAY_DHCP_LEASES_DIR)';
    throw new GatewayError(
      'store-unusable',
      `${file}: its file system cannot hold a write-ahead log: ${remedy}`,
    );
  }
  database.pragma('synchronous = NORMAL'); // What it has not synced yet is in the journal.
  database.pragma('wal_autocheckpoint = 0');
  database.pragma(`journal_size_limit = ${WAL_BYTES}`);
}

/** Refuses what is not ours, copies what is older, and migrates it. */
function bringUpToDate(
  database: Database,
  file: string,
  now: Instant,
  migrations: readonly Migration[],
): string | undefined {
  const schema = schemaOf(database);
  if (schema > migrations.length) throw newerSchema(file, schema, migrations.length);
  const isEmpty = Number(database.prepare('SELECT count(*) FROM sqlite_schema').pluck().get()) === 0;
  if (!isEmpty && !holdsLeases(database)) {
    const remedy = 'move it away, or set another directory (GATEWAY_DHCP_LEASES_DIR)';
    throw new GatewayError('store-unusable', `${file}: a database, but not one of leases: ${remedy}`);
  }
  const copy = schema > 0 && schema < migrations.length ? copyOf(database, file, schema, now) : undefined;
  migrate(database, migrations);
  return copy;
}

/** Schemas are only ever added to, so what came later cannot be read by what came before. */
export function newerSchema(file: string, schema: number, known: number): GatewayError {
  const remedy = `run the version that wrote it, or put back the copy ${file}.schema-${known}-... made by its migration`;
  return new GatewayError('store-newer', `${file}: has schema ${schema}, newer than ${known}: ${remedy}`);
}

function copyOf(database: Database, file: string, schema: number, now: Instant): string {
  const copy = unusedName(`${file}.schema-${schema}-${stampOf(now)}`);
  database.prepare('VACUUM INTO ?').run(copy);
  tighten(copy);
  const handle = openSync(copy, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  return copy;
}

/** The file's own name, from when it was made. */
export function birthOf(database: Database): string {
  const known: unknown = database.prepare("SELECT value FROM meta WHERE key = 'birth'").pluck().get();
  if (typeof known === 'string') return known;
  const birth = randomUUID();
  // A file that was salvaged for the journal beside it has a birth, and does not know how much of that it has.
  database.prepare("INSERT OR IGNORE INTO meta VALUES ('birth', ?), ('carried', '0')").run(birth);
  return birth;
}
