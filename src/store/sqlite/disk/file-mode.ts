import { chmodSync, statSync } from 'node:fs';

/** Who leases what address is for the gateway's user, and to read for its group. */
export const FILE_MODE = 0o640;
export const DIRECTORY_MODE = 0o750;

/** Takes from a file what is beyond its mode, one that an older version made too; never gives. One of another user stays as it is. */
export function tighten(file: string): void {
  try {
    const mode = statSync(file).mode & 0o777;
    if ((mode & ~FILE_MODE) !== 0) chmodSync(file, mode & FILE_MODE);
  } catch {
    // It is not there, or another user's: then its mode is that user's to choose.
  }
}
