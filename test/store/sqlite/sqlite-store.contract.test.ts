import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import type { Ipv4 } from '../../../src/net/ipv4.ts';
import { openSqliteStore } from '../../../src/store/sqlite/open-sqlite-store.ts';
import { at } from '../changes.ts';
import { leaseStoreContract } from '../lease-store.contract.ts';
import { reservationContract } from '../reservation.contract.ts';

let parent: string;
beforeAll(() => {
  parent = mkdtempSync(join(tmpdir(), 'leases-'));
});
afterAll(() => rmSync(parent, { recursive: true, force: true }));

const open = async (inFlight: ReadonlySet<Ipv4>) =>
  openSqliteStore({ directory: mkdtempSync(join(parent, 'store-')), inFlight, now: at(0), seed: 0 });

leaseStoreContract('SQLite', open);
reservationContract('SQLite', open);
