import { closeSync, existsSync, fsyncSync, openSync } from 'node:fs';
import { isFull } from '../disk/disk-error.ts';
import { codeOf } from '../disk/error-code.ts';
import { journalOf } from '../journal/journal-file.ts';
import { readHeader } from '../journal/journal-header.ts';
import type { JournalRecord } from '../journal/journal-record.ts';
import { readJournal } from '../journal/read-journal.ts';
import { carriedIn, type LeaseFiles } from './lease-files.ts';

/**
 * What is in the journal goes into the lease file, before the first lease is given. Where that takes nothing now, since
 * somebody else writes to it or the disk is full, leases rest on the journal, which has its room already: then the
 * records that are in the journal alone are returned, and the file follows when it can. Throws what else stands in the
 * way, and that too where it may not wait: the name of a new file must be safe before anything is in a journal that bears
 * it, and what was damaged in a journal may be written over only when all else in it is safe.
 */
export function carryOverAtStart(
  files: LeaseFiles,
  { file, birth, mayWait }: { readonly file: string; readonly birth: string; readonly mayWait: boolean },
): readonly JournalRecord[] {
  const { database, journal, carryOver, node, upkeep } = files;
  try {
    carryOver.finish();
    if (node.isDue) node.write();
    carryOver.release();
    journal.begin();
    upkeep.begin(0, undefined);
    return [];
  } catch (error) {
    if (database.inTransaction) database.exec('ROLLBACK');
    const code = codeOf(error);
    const isPassing = code.startsWith('SQLITE_BUSY') || isFull(code);
    if (!mayWait || !isPassing || readHeader(journalOf(file))?.isOld !== false) throw error;
    syncLog(file);
    const records = readJournal(file, birth, carriedIn(database));
    upkeep.begin(records.length, `${code}: ${error instanceof Error ? error.message : code}`);
    return records;
  }
}

/** What the journal has given to the file is safe too, before it writes over that: SQLite has no locks on its log. */
function syncLog(file: string): void {
  const log = `${file}-wal`;
  if (!existsSync(log)) return;
  const handle = openSync(log, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
