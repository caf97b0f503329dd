import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import {
  LEASE_FILE,
  openSqliteStore,
  type SqliteStoreOptions,
} from '../../../src/store/sqlite/open-sqlite-store.ts';
import type { SqliteStore } from '../../../src/store/sqlite/sqlite-store.ts';
import { at } from '../changes.ts';

/** A directory that is gone when the test is over. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'leases-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

export function fileIn(directory: string): string {
  return join(directory, LEASE_FILE);
}

export function openIn(directory: string, options: Partial<SqliteStoreOptions> = {}): SqliteStore {
  const store = openSqliteStore({ directory, inFlight: new Set(), now: at(0), ...options });
  onTestFinished(() => store.close());
  return store;
}
