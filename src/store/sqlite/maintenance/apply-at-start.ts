import { closeSync, existsSync, fsyncSync, openSync } from 'node:fs';
import { codeOf } from '../../../errors.ts';
import { isFull } from '../disk/disk-error.ts';
import { journalOf } from '../journal/journal-file.ts';
import { readHeader } from '../journal/journal-header.ts';
import type { JournalRecord } from '../journal/journal-record.ts';
import { readJournal } from '../journal/read-journal.ts';
import { appliedIn, type LeaseFiles } from './lease-files.ts';

/**
 * Applies the journal to the lease file, before the first lease is given. Where the file cannot be written now (another
 * program writes to it, or the disk is full), it may wait: leases then rest on the journal, which has its room already, and
 * the file follows later.
 *
 * @param mayWait False for a new lease file, whose id must be safe before a journal bears it; and for a damaged journal,
 *   which may be written over only when all else in it is safe.
 * @returns The records that are in the journal alone, because the file has to wait.
 * @throws Error of SQLite or of the file system, for anything else; and for a file that may not wait.
 */
export function applyAtStart(
  files: LeaseFiles,
  { file, fileId, mayWait }: { readonly file: string; readonly fileId: string; readonly mayWait: boolean },
): readonly JournalRecord[] {
  const { database, journal, applier, node, maintenance } = files;
  try {
    applier.finish();
    if (node.isDue) node.write();
    applier.release();
    journal.begin();
    maintenance.begin(0, undefined);
    return [];
  } catch (error) {
    if (database.inTransaction) database.exec('ROLLBACK');
    const code = codeOf(error);
    const isPassing = code.startsWith('SQLITE_BUSY') || isFull(code);
    if (!mayWait || !isPassing || readHeader(journalOf(file))?.isOld !== false) throw error;
    syncLog(file);
    const records = readJournal(file, fileId, appliedIn(database));
    maintenance.begin(records.length, `${code}: ${error instanceof Error ? error.message : code}`);
    return records;
  }
}

/** Syncs SQLite's log: the journal writes over batches that are in the file, and SQLite cannot sync that now. */
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
