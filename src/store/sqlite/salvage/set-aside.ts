import { existsSync, renameSync, rmSync } from 'node:fs';
import type { Instant } from '../../../lease/lease.ts';
import { stampOf, syncDirectoryOf, unusedName } from '../disk/file-names.ts';
import { birthIn, journalOf } from '../journal/journal-file.ts';
import { type Salvaged, salvage } from './salvage.ts';

/** A damaged file that was put aside, and what could be read of it. */
export interface SetAside {
  /** Where it is now; its `-wal` and `-shm` are beside it. */
  readonly file: string;
  readonly reason: string;
  readonly salvaged: Salvaged;
}

/**
 * Makes a new file of what can be read of the damaged one, and puts it in its place; the damaged one is renamed. A
 * crash at any moment leaves either the damaged file in its place, or the whole new one for `finishSetAside`.
 */
export function setAside(file: string, reason: string, now: Instant): SetAside {
  const unfinished = `${file}.salvage`;
  for (const suffix of ['', '-journal']) rmSync(unfinished + suffix, { force: true });
  const journal = journalOf(file);
  const salvaged = salvage(file, unfinished, existsSync(journal) ? birthIn(journal) : undefined);
  renameSync(unfinished, `${file}.salvaged`);
  return { file: finishSetAside(file, now) ?? file, reason, salvaged };
}

/** Puts a salvaged file in place; returns the damaged one's name, undefined if there is nothing to finish. */
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
