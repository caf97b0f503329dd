import type { Database } from 'better-sqlite3';
import { GatewayError } from '../../errors.ts';
import { codeOf } from './directory.ts';
import { openSqlite } from './driver.ts';
import { tighten } from './file-mode.ts';

/** The right to write one lease file, held by one process of the machine at a time. */
export interface Ownership {
  release(): void;
}

/**
 * Takes the right, or throws store-locked. It is an open write transaction on a second file, `<file>.lock`, so the
 * kernel drops it when the process dies in whatever way, and readers of the leases never meet it. The file also names
 * the owner's process.
 */
export function takeOwnership(file: string, waitMilliseconds: number): Ownership {
  const name = `${file}.lock`;
  let lock: Database | undefined;
  try {
    lock = openSqlite(name, { timeout: waitMilliseconds });
    tighten(name);
    lock.pragma('journal_mode = DELETE');
    lock.pragma('synchronous = OFF');
    lock.exec('BEGIN IMMEDIATE');
    lock.exec('CREATE TABLE IF NOT EXISTS owner (pid INTEGER)');
    lock.exec('DELETE FROM owner');
    lock.prepare('INSERT INTO owner VALUES (?)').run(process.pid);
    lock.exec('COMMIT; BEGIN IMMEDIATE');
    const held = lock;
    return { release: () => void held.close() };
  } catch (cause) {
    const owner = lock === undefined ? undefined : ownerOf(lock);
    lock?.close();
    throw refusal(file, name, owner, cause);
  }
}

function ownerOf(lock: Database): number | undefined {
  try {
    const pid: unknown = lock.prepare('SELECT pid FROM owner').pluck().get();
    return typeof pid === 'number' ? pid : undefined;
  } catch {
    return undefined; // The owner is at the point of writing its name; the refusal does without.
  }
}

function refusal(file: string, name: string, owner: number | undefined, cause: unknown): GatewayError {
  if (cause instanceof GatewayError) return cause;
  const code = codeOf(cause);
  if (code.startsWith('SQLITE_BUSY')) {
    const who = owner === undefined ? 'another process' : `process ${owner}`;
    const remedy = 'stop that gateway first, or give this one its own directory (GATEWAY_DHCP_LEASES_DIR)';
    return new GatewayError('store-locked', `${file}: in use by ${who}: ${remedy}`, cause);
  }
  if (code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT')) {
    return new GatewayError(
      'store-unusable',
      `${name}: damaged (${code}): delete it, it holds no leases`,
      cause,
    );
  }
  return new GatewayError('store-failed', `${name}: cannot be opened (${code}): see to the disk`, cause);
}
