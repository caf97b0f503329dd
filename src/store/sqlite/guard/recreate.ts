import { rmSync } from 'node:fs';
import type { Database } from 'better-sqlite3';
import { codeOf } from '../../../errors.ts';
import type { Instant } from '../../../lease/lease.ts';
import type { Reservations } from '../../../lease/reservation/reservation-view.ts';
import type { LeaseTable } from '../../../lease-table/lease-table.ts';
import { isDamage } from '../disk/disk-error.ts';
import type { FileWatch } from '../disk/file-watch.ts';
import { fileIdOf, openDatabase } from '../file/open-database.ts';
import { Journal } from '../journal/journal.ts';
import { fileIdIn, journalOf, makeJournal } from '../journal/journal-file.ts';
import { appliedIn, LeaseFiles, type LeaseFilesParts } from '../maintenance/lease-files.ts';
import { copyLeases, putMissing } from '../tables/copy-rows.ts';
import { replaceReservations } from '../tables/reservation-rows.ts';
import type { Migration } from '../tables/schema.ts';
import { DATABASE_SUFFIXES, moveAside, moveDatabaseAside } from './move-aside.ts';

export interface RecreateParts extends Pick<LeaseFilesParts, 'node' | 'history' | 'clock'> {
  readonly file: string;
  readonly journalBytes: number;
  readonly migrations: readonly Migration[];
  readonly watch: FileWatch;
  readonly table: LeaseTable;
  readonly reservations: Reservations;
}

export interface Recreated {
  readonly files: LeaseFiles;
  /** New names of the files that were in the way. */
  readonly aside: readonly string[];
  /** True: the history is only in the old database, which is still open. */
  readonly isNewDatabase: boolean;
  /** Why the old database could not be read, so that leases were written from memory; undefined: it could. */
  readonly unread: string | undefined;
}

/** The files of a store whose names are watched. */
export function watchedFiles(file: string): readonly string[] {
  return [...DATABASE_SUFFIXES.map((suffix) => file + suffix), journalOf(file), `${file}.lock`];
}

/**
 * Recreates the files that are not under their names any more, in steps of a few milliseconds. The leases are in the open
 * files and in memory; nothing is committed meanwhile. Files in the way are renamed. Call it as the owner of the lock.
 *
 * @throws Error of SQLite or of the file system: then none of the new files is left.
 */
export function* recreate(
  parts: RecreateParts,
  files: LeaseFiles,
  now: Instant,
): Generator<undefined, Recreated> {
  const { file, watch } = parts;
  const isDatabaseOurs = DATABASE_SUFFIXES.every((suffix) => watch.lossOf(file + suffix) === undefined);
  const error = yield* finish(files);
  if (!isDatabaseOurs) return yield* recreateAll(parts, files, now, error);
  // It is in its place and cannot be written now: the disk is full, or another program writes.
  if (codeOf(error).startsWith('SQLITE_') && !isDamage(error)) throw error;
  if (error !== undefined) return yield* recreateAll(parts, files, now, error);
  if (watch.lossOf(journalOf(file)) === undefined)
    return { files, aside: [], isNewDatabase: false, unread: undefined };
  return yield* recreateJournal(parts, files, now);
}

/** Applies the journal to the open database. Returns the error that it met; undefined: none. Memory has all leases too. */
function* finish({ applier, database }: LeaseFiles): Generator<undefined, unknown> {
  try {
    while (!applier.isDone) {
      applier.step();
      yield;
    }
    return undefined;
  } catch (error) {
    if (database.inTransaction) database.exec('ROLLBACK');
    return error;
  }
}

function* recreateJournal(
  parts: RecreateParts,
  old: LeaseFiles,
  now: Instant,
): Generator<undefined, Recreated> {
  const name = journalOf(parts.file);
  const { database } = old;
  old.applier.release(); // All its batches are safe in the database.
  const aside = moveAside(name, now);
  const fileId = fileIdOf(database);
  yield* makeJournal(name, fileId, parts.journalBytes);
  const applied = appliedIn(database) ?? 0;
  const journal = new Journal(name, { fileId, applied, run: old.journal.run, isNew: true });
  const files = new LeaseFiles({ ...parts, database, applied, journal });
  files.takeNotes(old);
  old.journal.close();
  return { files, aside, isNewDatabase: false, unread: undefined };
}

function* recreateAll(
  parts: RecreateParts,
  old: LeaseFiles,
  now: Instant,
  met: unknown,
): Generator<undefined, Recreated> {
  const { file, watch } = parts;
  const name = journalOf(file);
  // A kept journal has its room already; the disk may have no more.
  const keepsJournal = watch.isOurs(name) && !watch.isOurs(file);
  const aside = [...moveDatabaseAside(file, watch, now), ...(keepsJournal ? [] : moveAside(name, now))];
  const { database, isAlone } = openDatabase(file, now, parts.migrations);
  let journal: Journal | undefined;
  try {
    const unread =
      (yield* fill(database, parts, old.database)) ?? (met === undefined ? undefined : messageOf(met));
    const applied = keepsJournal ? old.applier.applied : 0;
    if (keepsJournal) putJournals(database, fileIdIn(name), applied);
    else {
      const fileId = fileIdOf(database);
      yield* makeJournal(name, fileId, parts.journalBytes);
      journal = new Journal(name, { fileId, applied, run: old.journal.run, isNew: true });
    }
    const files = new LeaseFiles({ ...parts, database, isAlone, journal: journal ?? old.journal, applied });
    files.takeNotes(old);
    if (keepsJournal) files.maintenance.begin(old.maintenance.backlog, undefined);
    if (!keepsJournal) old.journal.close();
    return { files, aside, isNewDatabase: true, unread };
  } catch (error) {
    journal?.close();
    database.close();
    const made = DATABASE_SUFFIXES.map((suffix) => file + suffix);
    for (const each of keepsJournal ? made : [...made, name]) rmSync(each, { force: true });
    throw error;
  }
}

/** Makes a new database the one that an existing journal belongs to. */
function putJournals(database: Database, fileId: string | undefined, applied: number): void {
  const put = database.prepare('INSERT OR REPLACE INTO meta VALUES (?, ?)');
  database.pragma('synchronous = FULL');
  database.transaction(() => {
    put.run('birth', fileId ?? fileIdOf(database));
    put.run('carried', String(applied));
  })();
  database.pragma('synchronous = NORMAL');
}

/** Copies all leases in one transaction, synced at the end. Returns why not all could be read; undefined: they could. */
function* fill(
  to: Database,
  { table, reservations, node }: RecreateParts,
  from: Database,
): Generator<undefined, string | undefined> {
  let unread: string | undefined;
  fileIdOf(to);
  to.pragma('synchronous = FULL');
  to.exec('BEGIN IMMEDIATE');
  try {
    yield* copyLeases(from, to);
  } catch (error) {
    if (!to.inTransaction) throw error; // The new file failed.
    unread = messageOf(error);
  }
  yield* putMissing(table.records(), to, node);
  replaceReservations(reservations.all(), to);
  to.exec('COMMIT');
  to.pragma('synchronous = NORMAL');
  return unread;
}

function messageOf(error: unknown): string {
  return `${codeOf(error)}: ${error instanceof Error ? error.message : String(error)}`;
}
