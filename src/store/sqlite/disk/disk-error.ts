import { accessSync, constants, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { GatewayError } from '../../../errors.ts';
import { READ_ONLY_REMEDY } from './directory.ts';
import { codeOf } from './error-code.ts';

/** What the operator reads of an error on opening a file of the leases, by its cause: what is wrong, and what mends it. */
export function diskErrorOf(file: string, cause: unknown): GatewayError {
  if (cause instanceof GatewayError) return cause;
  const code = codeOf(cause);
  const where = dirname(file);
  const unusable = (what: string, remedy: string) =>
    new GatewayError('store-unusable', `${file}: ${what} (${code}): ${remedy}`, cause);
  const failed = (what: string, remedy: string) =>
    new GatewayError('store-failed', `${file}: ${what} (${code}): ${remedy}`, cause);

  if (statSync(file, { throwIfNoEntry: false })?.isDirectory() === true)
    return new GatewayError('store-unusable', `${file}: a directory: move it away`, cause);
  if (isReadOnly(where)) return unusable('its file system is read-only', READ_ONLY_REMEDY);
  if (isFull(code))
    return failed('no space is left on its file system', `make room (df -h ${where}; df -i ${where})`);
  if (code.startsWith('SQLITE_BUSY')) {
    const remedy =
      'end the program that holds it (an open transaction of sqlite3, a backup: `fuser` names it)';
    return failed('locked by another program', remedy);
  }
  if (['SQLITE_CANTOPEN', 'EACCES', 'EPERM'].includes(code) || code.startsWith('SQLITE_READONLY')) {
    const who = process.getuid?.() ?? 'the user that the gateway runs as';
    return unusable(
      'cannot be opened',
      `give it and its directory to the gateway's user (chown -R ${who} ${where})`,
    );
  }
  const message = cause instanceof Error ? cause.message : String(cause);
  return failed(message, 'see to the disk (df, dmesg)');
}

/** SQLite's word where the index of its log, which is shared memory, finds no room on the disk. */
export const NO_ROOM_FOR_INDEX = 'SQLITE_IOERR_SHMSIZE';

/** Also where there is no room for the index of SQLite's log, which it reports as an error of the disk. */
export function isFull(code: string): boolean {
  return ['SQLITE_FULL', NO_ROOM_FOR_INDEX, 'ENOSPC', 'EDQUOT'].includes(code);
}

/** Whoever may write there otherwise. */
function isReadOnly(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK);
    return false;
  } catch (error) {
    return codeOf(error) === 'EROFS';
  }
}
