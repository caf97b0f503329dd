import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { GatewayError } from '../../../src/errors.ts';
import type { Ipv4 } from '../../../src/net/ipv4.ts';
import { LEASE_FILE } from '../../../src/store/sqlite/disk/directory.ts';
import { openSqliteStore, type SqliteStoreOptions } from '../../../src/store/sqlite/open-sqlite-store.ts';
import type { SqliteStore } from '../../../src/store/sqlite/sqlite-store.ts';
import { at } from '../changes.ts';

/** Small, since each test makes one. */
const JOURNAL_BYTES = 256 * 1024;

const directories: string[] = [];
const mounts: string[] = [];
const stores: SqliteStore[] = [];

afterAll(async () => {
  for (const store of stores.splice(0)) await store.close();
  for (const mount of mounts.splice(0)) execFileSync('umount', ['--lazy', mount]);
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});

/** A directory that is gone when the file's tests are over. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'leases-'));
  directories.push(directory);
  return directory;
}

/** A directory on a disk of 1 MB; undefined: this needs the right to mount one. */
export function smallDisk(): string | undefined {
  const directory = temporaryDirectory();
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', directory], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  mounts.push(directory);
  return directory;
}

/** Leaves no room on its disk, until `filling` is deleted there. */
export function fill(directory: string): void {
  execFileSync('sh', ['-c', `cat /dev/zero > ${directory}/filling 2>/dev/null || true`]);
}

export function fileIn(directory: string): string {
  return join(directory, LEASE_FILE);
}

export function journalIn(directory: string): string {
  return join(directory, 'leases.journal');
}

/** File, log and journal as they are on disk now, copied by another process: ours must not close them. */
export function imageOf(directory: string): string {
  const copy = temporaryDirectory();
  execFileSync('cp', [fileIn(directory), `${fileIn(directory)}-wal`, journalIn(directory), copy]);
  return copy;
}

/** Another one for each store, as each run of the program draws its own. */
let seed = 0;

export function openIn(directory: string, options: Partial<SqliteStoreOptions> = {}): SqliteStore {
  seed += 1;
  const fixed = { directory, inFlight: new Set<Ipv4>(), now: at(0), seed, journalBytes: JOURNAL_BYTES };
  const store = openSqliteStore({ ...fixed, ...options });
  stores.push(store);
  return store;
}

/** A new store whose journal has got its whole size. It has no clock, so each idle moment does one step. */
export function openGrown(directory: string, options: Partial<SqliteStoreOptions> = {}): SqliteStore {
  const { journalBytes = JOURNAL_BYTES } = options;
  const store = openIn(directory, { ...options, journalBytes });
  store.idle(at(0));
  while (statSync(journalIn(directory)).size < journalBytes) store.idle(at(1));
  return store;
}

/** What the operator would read. */
export function errorOf(run: () => unknown): GatewayError {
  try {
    run();
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
