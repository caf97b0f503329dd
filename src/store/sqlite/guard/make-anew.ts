import { rmSync } from 'node:fs';
import type { Database } from 'better-sqlite3';
import type { Instant } from '../../../lease/lease.ts';
import type { LeaseTable } from '../../../lease-table/lease-table.ts';
import { isDamage } from '../disk/disk-error.ts';
import { codeOf } from '../disk/error-code.ts';
import type { FileWatch } from '../disk/file-watch.ts';
import { fileIdOf, openDatabase } from '../file/open-database.ts';
import { Journal } from '../journal/journal.ts';
import { fileIdIn, journalOf, makeJournal } from '../journal/journal-file.ts';
import { appliedIn, LeaseFiles, type LeaseFilesParts } from '../maintenance/lease-files.ts';
import { copyLeases, putMissing } from '../tables/copy-rows.ts';
import type { Migration } from '../tables/schema.ts';
import { DATABASE_SUFFIXES, moveAside, moveDatabaseAside } from './move-aside.ts';

export interface AnewParts extends Pick<LeaseFilesParts, 'node' | 'history' | 'clock'> {
  readonly file: string;
  readonly journalBytes: number;
  readonly migrations: readonly Migration[];
  readonly watch: FileWatch;
  readonly table: LeaseTable;
}

export interface MadeAnew {
  readonly files: LeaseFiles;
  /** What stood there, under its new names. */
  readonly aside: readonly string[];
  /** True: the history is in the old database alone, which is still open. */
  readonly isNewDatabase: boolean;
  /** What could not be read of the old database: its leases are as memory has them. */
  readonly unread: string | undefined;
}

/** The files of a store whose names are watched. */
export function watchedFiles(file: string): readonly string[] {
  return [...DATABASE_SUFFIXES.map((suffix) => file + suffix), journalOf(file), `${file}.lock`];
}

/**
 * Makes anew what does not stand under its name any more, in steps of a few milliseconds: the leases are in what is open
 * and in memory, and nothing is committed meanwhile. What stands there is renamed. The directory and the lock are ours.
 * Throws what stands in the way; then nothing of it is left.
 */
export function* makeAnew(parts: AnewParts, files: LeaseFiles, now: Instant): Generator<undefined, MadeAnew> {
  const { file, watch } = parts;
  const isDatabaseOurs = DATABASE_SUFFIXES.every((suffix) => watch.lossOf(file + suffix) === undefined);
  const error = yield* finish(files);
  if (!isDatabaseOurs) return yield* makeAllAnew(parts, files, now, error);
  // It stands in its place and cannot be written now: on a full disk, or while somebody else writes.
  if (codeOf(error).startsWith('SQLITE_') && !isDamage(error)) throw error;
  if (error !== undefined) return yield* makeAllAnew(parts, files, now, error);
  if (watch.lossOf(journalOf(file)) === undefined)
    return { files, aside: [], isNewDatabase: false, unread: undefined };
  return yield* makeJournalAnew(parts, files, now);
}

/** What is in the journal goes into the database that is open; what it cannot take is in memory. Returns what it met. */
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

function* makeJournalAnew(parts: AnewParts, old: LeaseFiles, now: Instant): Generator<undefined, MadeAnew> {
  const name = journalOf(parts.file);
  const { database } = old;
  old.applier.release(); // All that was in it is safe elsewhere.
  const aside = moveAside(name, now);
  const fileId = fileIdOf(database);
  yield* makeJournal(name, fileId, parts.journalBytes);
  const applied = appliedIn(database) ?? 0;
  const journal = new Journal(name, { fileId, applied, run: old.journal.run });
  const files = new LeaseFiles({ ...parts, database, applied, journal });
  files.takeNotes(old);
  old.journal.close();
  return { files, aside, isNewDatabase: false, unread: undefined };
}

function* makeAllAnew(
  parts: AnewParts,
  old: LeaseFiles,
  now: Instant,
  met: unknown,
): Generator<undefined, MadeAnew> {
  const { file, watch } = parts;
  const name = journalOf(file);
  // Its room is taken already, and there may be no more.
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
      journal = new Journal(name, { fileId, applied, run: old.journal.run });
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

/** A new database that goes on with a journal of before, as the one did that it replaces. */
function putJournals(database: Database, fileId: string | undefined, applied: number): void {
  const put = database.prepare('INSERT OR REPLACE INTO meta VALUES (?, ?)');
  database.pragma('synchronous = FULL');
  database.transaction(() => {
    put.run('birth', fileId ?? fileIdOf(database));
    put.run('carried', String(applied));
  })();
  database.pragma('synchronous = NORMAL');
}

/** In one transaction, safe from a loss of power when it returns; returns what could not be read. */
function* fill(
  to: Database,
  { table, node }: AnewParts,
  from: Database,
): Generator<undefined, string | undefined> {
  let unread: string | undefined;
  fileIdOf(to);
  to.pragma('synchronous = FULL');
  to.exec('BEGIN IMMEDIATE');
  try {
    yield* copyLeases(from, to);
  } catch (error) {
    if (!to.inTransaction) throw error; // It was the new one that failed.
    unread = messageOf(error);
  }
  yield* putMissing(table.records(), to, node);
  to.exec('COMMIT');
  to.pragma('synchronous = NORMAL');
  return unread;
}

function messageOf(error: unknown): string {
  return `${codeOf(error)}: ${error instanceof Error ? error.message : String(error)}`;
}
