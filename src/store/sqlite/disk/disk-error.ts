import { accessSync, closeSync, constants, existsSync, openSync, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { codeOf, GatewayError } from '../../../errors.ts';
import { READ_ONLY_REMEDY } from './directory.ts';

/** The lease file, its log, the index of the log and their directory. */
const FILES_OF_SQLITE = 4;
const FILES_REMEDY = 'raise its limit (ulimit -n 1024; LimitNOFILE= in a systemd unit)';

/** The error that an operator reads when a lease file cannot be opened: what is wrong, and the remedy. */
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
  if (isFull(code) || (code === 'SQLITE_CANTOPEN' && lacksInodes(where)))
    return failed('no space is left on its file system', `make room (df -h ${where}; df -i ${where})`);
  if (code.startsWith('SQLITE_BUSY')) {
    const remedy =
      'end the program that holds it (an open transaction of sqlite3, a backup: `fuser` names it)';
    const orRoom = `if that is a gateway, which began on a full disk, make room (df -h ${where})`;
    return failed('locked by another program', `${remedy}; ${orRoom}`);
  }
  if (code === 'EMFILE' || (code === 'SQLITE_CANTOPEN' && lacksDescriptors()))
    return failed('this process may open too few files', FILES_REMEDY);
  if (['SQLITE_CANTOPEN', 'EACCES', 'EPERM'].includes(code) || code.startsWith('SQLITE_READONLY'))
    return unusable('cannot be opened', rightOf(file));
  const message = cause instanceof Error ? cause.message : String(cause);
  return failed(message, 'see to the disk (df, dmesg)');
}

/** True if no room is left for the files that SQLite opens together: it says then only that it cannot open one. */
function lacksDescriptors(): boolean {
  const opened: number[] = [];
  try {
    while (opened.length < FILES_OF_SQLITE) opened.push(openSync('/dev/null', 'r'));
    return false;
  } catch (error) {
    return codeOf(error) === 'EMFILE';
  } finally {
    opened.forEach(closeSync);
  }
}

/** True if no inode is free: SQLite says then only that it cannot open the file. */
function lacksInodes(directory: string): boolean {
  try {
    const { files, ffree } = statfsSync(directory);
    return files > 0 && ffree === 0;
  } catch {
    return false;
  }
}

/** The remedy that lets the gateway's user read and write a lease file and the files of SQLite beside it. */
function rightOf(file: string): string {
  const user = process.getuid?.();
  const lacking = [file, `${file}-wal`, `${file}-shm`].find(
    (name) => existsSync(name) && refusalOf(name) !== undefined,
  );
  if (lacking !== undefined && refusalOf(lacking) === 'EACCES') {
    if (statSync(lacking).uid === user)
      return `give its owner the right to read and write (chmod u+rw ${lacking})`;
    const who = user ?? 'the user that the gateway runs as';
    return `give it and its directory to the gateway's user (chown -R ${who} ${dirname(file)})`;
  }
  const name = lacking ?? file;
  return `see whether it may not be changed (lsattr ${name}; then chattr -i -a ${name}), or what else forbids it (AppArmor, SELinux: dmesg)`;
}

/** Why a file may not be read and written; undefined: it may. */
function refusalOf(name: string): string | undefined {
  try {
    accessSync(name, constants.R_OK | constants.W_OK);
    return undefined;
  } catch (error) {
    return codeOf(error);
  }
}

/** SQLite's code when the disk has no room for the index of its log, which is shared memory. */
export const NO_ROOM_FOR_INDEX = 'SQLITE_IOERR_SHMSIZE';

/** What is wrong with a lease file that is open without that index. */
export const NO_READERS = `${NO_ROOM_FOR_INDEX}: nobody else can read it`;

/** More free space than the index of a log and the new log need: bytes. */
const ROOM_FOR_INDEX = 128 * 1024;

/** True if the disk has room for the index of a lease file's log. @throws Error of the file system. */
export function hasRoomForIndex(file: string): boolean {
  const { bavail, bsize } = statfsSync(dirname(file));
  return bavail * bsize >= ROOM_FOR_INDEX;
}

/**
 * Throws if the disk of a file has no room for so many bytes more. A disk that is filled to its end stops other programs too.
 *
 * @throws Error with the code ENOSPC; Error of the file system.
 */
export function refuseFullDisk(file: string, bytes: number): void {
  const { blocks, bavail, bsize } = statfsSync(dirname(file));
  const isKnown = blocks > 0; // Some file systems do not say how large they are.
  if (!isKnown || bavail * bsize >= bytes) return;
  throw Object.assign(new Error(`no space for ${bytes} bytes`), { code: 'ENOSPC' });
}

/** True if the disk is full, also for the index of SQLite's log, which SQLite reports as an error of the disk. */
export function isFull(code: string): boolean {
  return ['SQLITE_FULL', NO_ROOM_FOR_INDEX, 'ENOSPC', 'EDQUOT'].includes(code);
}

/** True if SQLite says that what is in a file is no database, or a damaged one. */
export function isDamage(error: unknown): boolean {
  const code = codeOf(error);
  return code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT');
}

/** True if the file system is read-only. */
function isReadOnly(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK);
    return false;
  } catch (error) {
    return codeOf(error) === 'EROFS';
  }
}
