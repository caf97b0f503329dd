import { chmodSync, statSync } from 'node:fs';

/** The gateway's user may read and write leases, and its group may read them. */
export const FILE_MODE = 0o640;
export const DIRECTORY_MODE = 0o750;

/** Removes rights beyond FILE_MODE from a file; it adds none. A file of another user stays as it is. */
export function tighten(file: string): void {
  try {
    const mode = statSync(file).mode & 0o777;
    if ((mode & ~FILE_MODE) !== 0) chmodSync(file, mode & FILE_MODE);
  } catch {
    // It is not there, or another user's: then its mode is that user's to choose.
  }
}
