import { lstatSync, renameSync } from 'node:fs';
import { codeOf, GatewayError } from '../../../errors.ts';
import type { Instant } from '../../../lease/lease.ts';
import { stampOf, unusedName } from '../disk/file-names.ts';
import type { FileWatch } from '../disk/file-watch.ts';

/** A database and what SQLite keeps beside it. */
export const DATABASE_SUFFIXES = ['', '-wal', '-shm'] as const;

/** The log and its index: SQLite deletes them when the database is closed, and makes them when it is opened. */
export function logFilesOf(file: string): readonly string[] {
  return [`${file}-wal`, `${file}-shm`];
}

/**
 * Renames a database that is in the way. A log that belongs to it is renamed with it. A log that does not (ours, beside
 * another program's file) gets a name of its own: SQLite would read it as that file's. Returns the new names.
 */
export function moveDatabaseAside(file: string, watch: FileWatch, now: Instant): readonly string[] {
  const name = unusedName(asideNameOf(file, now));
  const isOurs = watch.isOurs(file);
  const moved: string[] = [];
  for (const suffix of DATABASE_SUFFIXES) {
    if (!isThere(file + suffix)) continue;
    const belongs = watch.isOurs(file + suffix) === isOurs;
    const aside = belongs ? name + suffix : unusedName(asideNameOf(file + suffix, now));
    move(file + suffix, aside);
    moved.push(aside);
  }
  return moved;
}

/** Renames a file that is in the way. Returns its new name; empty: there was no file. */
export function moveAside(file: string, now: Instant): readonly string[] {
  if (!isThere(file)) return [];
  const aside = unusedName(asideNameOf(file, now));
  move(file, aside);
  return [aside];
}

function asideNameOf(file: string, now: Instant): string {
  return `${file}.aside-${stampOf(now)}`;
}

/** True also for a symbolic link that leads nowhere. */
function isThere(file: string): boolean {
  return lstatSync(file, { throwIfNoEntry: false }) !== undefined;
}

/** rename(2): a file that is a mount point cannot be renamed. */
function move(file: string, aside: string): void {
  try {
    renameSync(file, aside);
  } catch (cause) {
    if (codeOf(cause) !== 'EBUSY') throw cause;
    const message = `${file}: something is mounted over it (EBUSY): umount ${file}`;
    throw new GatewayError('store-unusable', message, cause);
  }
}
