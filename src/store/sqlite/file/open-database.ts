import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync } from 'node:fs';
import type { Database } from 'better-sqlite3';
import { codeOf, GatewayError } from '../../../errors.ts';
import type { Instant } from '../../../lease/lease.ts';
import { NO_ROOM_FOR_INDEX } from '../disk/disk-error.ts';
import { openSqlite } from '../disk/driver.ts';
import { tighten } from '../disk/file-mode.ts';
import { refuseOddFiles, stampOf, syncDirectoryOf, unusedName } from '../disk/file-names.ts';
import { journalOf } from '../journal/journal-file.ts';
import { damageOf } from '../salvage/damage.ts';
import { finishSetAside, type SetAside, setAside } from '../salvage/set-aside.ts';
import { PAGE_BYTES } from '../salvage/sqlite-page.ts';
import { holdsLeases, type Migration, migrate, schemaOf } from '../tables/schema.ts';

/** How long a connection waits for another program that has the file: milliseconds. */
const BUSY_MILLISECONDS = 200;
/** What is behind the file's name in the names of the files that are made for it. */
const SUFFIXES = ['', '-wal', '-shm', '-journal', '.salvage', '.salvaged'];
/** A longer WAL is cut to this size when it starts over. */
const WAL_BYTES = 8 * 1024 * 1024;

export interface Connected {
  readonly database: Database;
  /** True: no other process can read the file. */
  readonly isAlone: boolean;
}

export interface OpenedDatabase extends Connected {
  /** True: the file was made now, or put in the place of another. */
  readonly isNew: boolean;
  /** The damaged file; undefined: the file was sound, or there was none. */
  readonly setAside: SetAside | undefined;
  /** The name of the copy from before a migration; undefined: there was no migration. */
  readonly copy: string | undefined;
}

/**
 * Opens a lease file, or makes it; sets a damaged one aside, and migrates an older one. Call it as the file's owner.
 *
 * @throws GatewayError 'store-unusable' or 'store-newer'; Error of SQLite or of the file system.
 */
export function openDatabase(file: string, now: Instant, migrations: readonly Migration[]): OpenedDatabase {
  refuseOddFiles([...SUFFIXES.map((suffix) => file + suffix), `${journalOf(file)}.new`]);
  const isFinished = finishSetAside(file, now) !== undefined;
  const wasThere = existsSync(file);
  const damage = damageOf(file);
  const aside = damage === undefined ? undefined : setAside(file, damage, now);
  const { database, isAlone } = connectFile(file);
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
 * Connects to a sound lease file. Where the disk has no room for the index of its log, SQLite keeps the index in memory, and
 * no other process can read the file meanwhile.
 *
 * @param busyMilliseconds How long the connection waits for another program that has the file. 0: not at all, until
 *   `waitAsUsual` is called.
 * @throws Error of SQLite; GatewayError 'store-unusable'.
 */
export function connectFile(file: string, busyMilliseconds = BUSY_MILLISECONDS): Connected {
  try {
    return { database: connectAs(file, 'NORMAL', busyMilliseconds), isAlone: false };
  } catch (error) {
    if (codeOf(error) !== NO_ROOM_FOR_INDEX) throw error;
    return { database: connectAs(file, 'EXCLUSIVE', busyMilliseconds), isAlone: true };
  }
}

/** From now on the connection waits for another program that has the file, as long as each does that `openDatabase` opens. */
export function waitAsUsual(database: Database): void {
  database.pragma(`busy_timeout = ${BUSY_MILLISECONDS}`);
}

function connectAs(file: string, locking: 'NORMAL' | 'EXCLUSIVE', busyMilliseconds: number): Database {
  const database = openSqlite(file, { timeout: busyMilliseconds });
  try {
    for (const suffix of ['', '-wal', '-shm']) tighten(file + suffix); // SQLite gives the files beside it the same mode.
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
  database.pragma('synchronous = NORMAL'); // The journal has all that is not synced yet.
  database.pragma('wal_autocheckpoint = 0');
  database.pragma(`journal_size_limit = ${WAL_BYTES}`);
}

/** Refuses a file that is not ours, and migrates an older one. Returns the name of its copy, if one was made. */
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

/** An older version of the program cannot read a newer schema. */
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

/** The id of a lease file, which it gets when it is made. Its journal names it. */
export function fileIdOf(database: Database): string {
  const known: unknown = database.prepare("SELECT value FROM meta WHERE key = 'birth'").pluck().get();
  if (typeof known === 'string') return known;
  const fileId = randomUUID();
  // A salvaged file has the id that its journal names, and does not know how much of the journal it has.
  database.prepare("INSERT OR IGNORE INTO meta VALUES ('birth', ?), ('carried', '0')").run(fileId);
  return fileId;
}
