import { existsSync, renameSync, rmSync } from 'node:fs';
import type { Instant } from '../../../lease/lease.ts';
import { stampOf, syncDirectoryOf, unusedName } from '../disk/file-names.ts';
import { fileIdIn, journalOf } from '../journal/journal-file.ts';
import { type Salvaged, salvage } from './salvage.ts';

/** A damaged file that was set aside, and what was saved from it. */
export interface SetAside {
  /** Its new name. Its `-wal` and `-shm` are beside it. */
  readonly file: string;
  readonly reason: string;
  readonly salvaged: Salvaged;
}

/**
 * Renames a damaged file, and puts a new one in its place with every row that can still be read. A crash at any moment
 * leaves either the damaged file in its place, or the whole new one for `finishSetAside`.
 *
 * @throws Error of SQLite or of the file system.
 */
export function setAside(file: string, reason: string, now: Instant): SetAside {
  const unfinished = `${file}.salvage`;
  for (const suffix of ['', '-journal']) rmSync(unfinished + suffix, { force: true });
  const journal = journalOf(file);
  const salvaged = salvage(file, unfinished, existsSync(journal) ? fileIdIn(journal) : undefined);
  renameSync(unfinished, `${file}.salvaged`);
  return { file: finishSetAside(file, now) ?? file, reason, salvaged };
}

/** Puts a salvaged file in place. Returns the new name of the damaged one; undefined: there was no salvaged file. */
export function finishSetAside(file: string, now: Instant): string | undefined {
  const salvaged = `${file}.salvaged`;
  if (!existsSync(salvaged)) return undefined;
  const damaged = unusedName(`${file}.damaged-${stampOf(now)}`);
  syncDirectoryOf(file);
  for (const suffix of ['', '-wal', '-shm']) {
    if (existsSync(file + suffix)) renameSync(file + suffix, damaged + suffix);
  }
  syncDirectoryOf(file);
  renameSync(salvaged, file);
  syncDirectoryOf(file);
  return damaged;
}
