import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { openSqliteStore } from '../../../src/store/sqlite/open-sqlite-store.ts';
import { at } from '../changes.ts';
import { leaseStoreContract } from '../lease-store.contract.ts';

let parent: string;
beforeAll(() => {
  parent = mkdtempSync(join(tmpdir(), 'leases-'));
});
afterAll(() => rmSync(parent, { recursive: true, force: true }));

leaseStoreContract('SQLite', async (inFlight) => {
  return openSqliteStore({ directory: mkdtempSync(join(parent, 'store-')), inFlight, now: at(0), seed: 0 });
});
