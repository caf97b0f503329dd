import { existsSync, renameSync, statSync, truncateSync } from 'node:fs';
import type { Database } from 'better-sqlite3';
import { codeOf, GatewayError } from '../../../errors.ts';
import { diskErrorOf, isDamage } from '../disk/disk-error.ts';
import { openSqlite } from '../disk/driver.ts';
import { tighten } from '../disk/file-mode.ts';
import { unusedName } from '../disk/file-names.ts';

/** The right to write one lease file. One process of the machine has it at a time. */
export interface Ownership {
  release(): void;
}

/** A running process sees within this time that its lock was deleted, and then promises nothing: milliseconds. */
const OWNER_LOOKS = 2000;

/**
 * Takes the right to write a lease file. It is an open write transaction on a second file, `<file>.lock`, so the kernel
 * drops it when the process dies in whatever way, and readers of the leases never wait for it. The lock file also names
 * the owner's process, where the disk has room for that.
 *
 * The kernel keeps the lock with the file, not with its bytes. So a damaged lock file is emptied in place, never replaced:
 * a process that has the lock keeps it. A lease file without a lock file means that somebody has deleted it, perhaps under
 * a running process: then this waits until that process has seen it. A directory or a pipe of that name is renamed.
 *
 * @param waitMilliseconds How long to wait for another process; the thread is blocked meanwhile.
 * @throws GatewayError 'store-locked' if another process has the right; 'store-unusable' or 'store-failed' by the disk.
 */
export function takeOwnership(file: string, waitMilliseconds: number): Ownership {
  const name = `${file}.lock`;
  const found = statSync(name, { throwIfNoEntry: false });
  const wasDeleted = existsSync(file) && found?.isFile() !== true;
  let lock: Database | undefined;
  try {
    if (found?.isFile() === false) renameSync(name, unusedName(`${name}.aside`));
    lock = locked(name, waitMilliseconds);
    const held = lock;
    if (wasDeleted) block(Math.min(waitMilliseconds, OWNER_LOOKS));
    return { release: () => void held.close() };
  } catch (cause) {
    throw refusal(file, name, cause);
  }
}

function locked(name: string, waitMilliseconds: number): Database {
  try {
    return lockedAsItIs(name, waitMilliseconds);
  } catch (error) {
    if (!isDamage(error)) throw error;
    truncateSync(name);
    return lockedAsItIs(name, waitMilliseconds);
  }
}

function lockedAsItIs(name: string, waitMilliseconds: number): Database {
  const lock = openSqlite(name, { timeout: waitMilliseconds });
  try {
    tighten(name);
    lock.pragma('journal_mode = MEMORY'); // It needs no room on the disk.
    lock.pragma('synchronous = OFF');
    lock.exec('BEGIN IMMEDIATE');
    nameOwner(lock);
    return lock;
  } catch (error) {
    const owner = codeOf(error).startsWith('SQLITE_BUSY') ? ownerOf(lock) : undefined;
    lock.close();
    throw owner === undefined ? error : new OwnedBy(owner, error);
  }
}

/** Writes this process's number, for a process that is refused. Where that fails the lock is held all the same. */
function nameOwner(lock: Database): void {
  try {
    lock.exec('CREATE TABLE IF NOT EXISTS owner (pid INTEGER)');
    lock.exec('DELETE FROM owner');
    lock.prepare('INSERT INTO owner VALUES (?)').run(process.pid);
    lock.exec('COMMIT');
  } catch (error) {
    if (lock.inTransaction) lock.exec('ROLLBACK');
    if (isDamage(error)) throw error;
  }
  lock.exec('BEGIN IMMEDIATE');
}

/** The lock is another process's, which this names. */
class OwnedBy extends Error {
  readonly owner: number;

  constructor(owner: number, cause: unknown) {
    super(`process ${owner}`, { cause });
    this.owner = owner;
  }
}

function ownerOf(lock: Database): number | undefined {
  try {
    const pid: unknown = lock.prepare('SELECT pid FROM owner').pluck().get();
    return typeof pid === 'number' ? pid : undefined;
  } catch {
    return undefined; // The owner is just writing its number; the refusal does not name it.
  }
}

/** False: the process in the lock file has gone, and the lock is another program's, such as one that copies files. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

/** Blocks the thread: a start cannot go on without the lock. */
function block(milliseconds: number): void {
  if (milliseconds > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

function refusal(file: string, name: string, cause: unknown): GatewayError {
  if (cause instanceof GatewayError) return cause;
  if (cause instanceof OwnedBy || codeOf(cause).startsWith('SQLITE_BUSY')) {
    const who =
      cause instanceof OwnedBy && isAlive(cause.owner)
        ? `process ${cause.owner}`
        : `another process (\`fuser ${name}\` tells which)`;
    const remedy = 'stop that gateway first, or give this one its own directory (GATEWAY_DHCP_LEASES_DIR)';
    return new GatewayError('store-locked', `${file}: in use by ${who}: ${remedy}`, cause);
  }
  return diskErrorOf(name, cause);
}
