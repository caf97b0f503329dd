import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Database } from 'better-sqlite3';
import { afterEach, describe, expect, it } from 'vitest';
import { type Ipv4, UNSPECIFIED } from '../../../src/net/ipv4.ts';
import type { MirroredChange } from '../../../src/store/mirror.ts';
import { openSqlite } from '../../../src/store/sqlite/disk/driver.ts';
import { openLeaseReader } from '../../../src/store/sqlite/lease-reader.ts';
import { openMirror } from '../../../src/store/sqlite/open-mirror.ts';
import type { SqliteMirror } from '../../../src/store/sqlite/sqlite-mirror.ts';
import { MIGRATIONS } from '../../../src/store/sqlite/tables/schema.ts';
import { FakeClock } from '../../support/clock.ts';
import { address, at, bind, client, hardware } from '../changes.ts';
import {
  fileIn,
  fill,
  imageOf,
  journalIn,
  openIn,
  smallDisk,
  temporaryDirectory,
} from './temporary-store.ts';

const A = address('10.15.3.20');
const B = address('10.15.3.21');
const C = address('10.15.3.22');
const lockers: Database[] = [];

afterEach(() => {
  for (const locker of lockers.splice(0)) locker.close();
});

/** As after kill -9: A is bound in the lease file, B in the journal alone. `into`: where to. */
async function crashed(into?: string): Promise<string> {
  const store = openIn(temporaryDirectory());
  const directory = store.opening.file.replace(/\/[^/]+$/, '');
  await bind(store, { client: 1, address: A, at: at(1), hostname: 'first' });
  store.flush();
  await bind(store, { client: 2, address: B, at: at(2), hostname: 'second' });
  const image = imageOf(directory);
  await store.close();
  if (into === undefined) return image;
  execFileSync('sh', ['-c', `cp ${image}/* ${into}`]);
  return into;
}

/** As an operator's sqlite3 does that has begun a transaction and was left open. */
function lock(directory: string): Database {
  const locker = openSqlite(fileIn(directory));
  locker.exec('BEGIN IMMEDIATE');
  lockers.push(locker);
  return locker;
}

function keptLease(number: number, address: Ipv4): MirroredChange['after'] {
  return {
    ...{ address, client: client(number), hardware: hardware(number), state: 'bound', version: number },
    ...{ granter: UNSPECIFIED, node: 'pve1', hostname: `guest-${number}` },
    ...{ expiresAt: at(3600), leaseSeconds: 3600, updatedAt: at(number) },
  };
}

function namesIn(directory: string): readonly string[] {
  const reader = openLeaseReader(directory);
  const names = [...reader.leases({})].map(({ address, hostname }) => `${address} ${hostname}`);
  reader.close();
  return names;
}

describe('a start while somebody holds the write lock of the lease file', () => {
  it('has all leases, those of the journal too, gives new ones and says what is wrong', async () => {
    const directory = await crashed();
    lock(directory);

    const store = openIn(directory);

    expect([A, B].map((leased) => store.leases.at(leased)?.client)).toEqual([client(1), client(2)]);
    expect(store.opening.loaded.bound).toBe(2);
    expect(store.failure).toBeUndefined();
    expect(store.trouble).toContain('SQLITE_BUSY');
    expect(store.backlog).toBe(1);
    expect(await bind(store, { client: 3, address: C, at: at(3) })).toBe('committed');
  });

  it('follows when the lock is gone', async () => {
    const directory = await crashed();
    const locker = lock(directory);
    const store = openIn(directory, { node: 'pve1' });
    await bind(store, { client: 3, address: C, at: at(3), hostname: 'third' });
    for (const second of [4, 5, 6]) store.idle(at(second));
    expect(store.trouble).toContain('SQLITE_BUSY');

    locker.exec('ROLLBACK');
    for (const second of [8, 9, 10]) store.idle(at(second));

    expect(store.trouble).toBeUndefined();
    expect(store.backlog).toBe(0);
    const file = openSqlite(fileIn(directory), { readonly: true });
    const rows = file.prepare('SELECT address, hostname, node FROM leases').raw().all();
    const events = file.prepare('SELECT id, event FROM history').raw().all();
    file.close();
    expect(rows).toEqual([
      ['10.15.3.20', 'first', null],
      ['10.15.3.21', 'second', 'pve1'],
      ['10.15.3.22', 'third', 'pve1'],
    ]);
    expect(events).toEqual([
      [1, 'bound'],
      [2, 'bound'],
      [3, 'bound'],
    ]);
  });

  it('loses nothing to one crash after the other', async () => {
    const directory = await crashed();
    const locker = lock(directory);
    await bind(openIn(directory), { client: 3, address: C, at: at(3) });
    locker.exec('ROLLBACK');
    const image = imageOf(directory);
    lock(image);

    const store = openIn(image);

    expect([A, B, C].map((leased) => store.leases.at(leased)?.state)).toEqual(['bound', 'bound', 'bound']);
  });

  it('keeps the newest of what the file and the journal say of an address', async () => {
    const store = openIn(temporaryDirectory());
    const directory = store.opening.file.replace(/\/[^/]+$/, '');
    await bind(store, { client: 1, address: A, at: at(1), expiresAt: at(100) });
    store.flush();
    await bind(store, { client: 1, address: A, at: at(50), expiresAt: at(150) });
    const image = imageOf(directory);
    lock(image);

    const again = openIn(image);

    expect(again.leases.at(A)?.expiresAt).toBe(at(150));
    expect(again.leases.bindingOf(client(1))?.address).toBe(A);
    expect(again.lastStoredAt).toBe(at(50));
  });

  it('and no other start is: a file that is older is brought up to date first', async () => {
    const directory = await crashed();
    lock(directory);

    expect(() =>
      openIn(directory, { migrations: [...MIGRATIONS, { sql: 'CREATE TABLE more (x)' }] }),
    ).toThrow(
      expect.objectContaining({
        code: 'store-failed',
        message: expect.stringContaining('locked by another program'),
      }),
    );
  });

  it('as a mirror of shared leases waits until what the journal has is in the file, and loses nothing', async () => {
    const directory = await crashed();
    const locker = lock(directory);
    const clock = new FakeClock(at(3));
    const options = { directory, clock, now: at(3), seed: 0, inFlight: new Set<Ipv4>() };

    await expect(openMirror(options)).rejects.toThrow('locked by another program');
    locker.exec('ROLLBACK');
    const mirror = await openMirror(options);

    expect(mirror.leases().map((lease) => lease.address)).toEqual([A, B]);
    mirror.close();
  });
});

describe('a start on a full disk', () => {
  it.each(['after a crash', 'after an end in order'])('%s has all leases and gives new ones', async (how) => {
    const directory = smallDisk();
    if (directory === undefined) return;
    await crashed(directory);
    if (how !== 'after a crash') await openIn(directory).close();
    fill(directory);

    const store = openIn(directory, { node: 'pve1' });

    expect([A, B].map((leased) => store.leases.at(leased)?.client)).toEqual([client(1), client(2)]);
    expect(store.failure).toBeUndefined();
    expect(await bind(store, { client: 3, address: C, at: at(3), hostname: 'third' })).toBe('committed');
    for (const second of [4, 5, 6]) store.idle(at(second));
    expect(store.trouble).toMatch(/SQLITE_FULL|SHMSIZE/);

    rmSync(join(directory, 'filling'));
    for (const second of [8, 9, 10, 11]) store.idle(at(second));
    expect(store.trouble).toBeUndefined();
    expect(namesIn(directory)).toEqual(['10.15.3.20 first', '10.15.3.21 second', '10.15.3.22 third']);
    await store.close();
  });

  it('where there are no leases yet is refused, and says that there is no room', () => {
    const directory = smallDisk();
    if (directory === undefined) return;
    fill(directory);

    expect(() => openIn(directory)).toThrow(
      expect.objectContaining({ code: 'store-failed', message: expect.stringContaining('no space is left') }),
    );
  });

  it('as a mirror of shared leases says so; when there is room, all is in the file, and others can read it', async ({
    skip,
  }) => {
    const directory = smallDisk();
    if (directory === undefined) return skip('needs the right to mount a tmpfs');
    const clock = new FakeClock(at(3));
    const options = { directory, clock, now: at(3), seed: 0, inFlight: new Set<Ipv4>() };
    const position = { segment: 'one', generation: 'a', revision: 1 };
    const put = (mirror: SqliteMirror, number: number, address: Ipv4) =>
      mirror.put({ before: undefined, after: keptLease(number, address), reason: 'bound' });
    const before = await openMirror(options);
    put(before, 1, A);
    before.reached(position);
    before.close();
    fill(directory);

    const mirror = await openMirror(options);
    put(mirror, 2, B);
    mirror.reached({ ...position, revision: 2 });
    await clock.pass(3000);
    const { trouble } = mirror;
    rmSync(join(directory, 'filling'));
    await clock.pass(3000);

    expect(trouble).toMatch(/SQLITE_FULL|SHMSIZE/);
    expect(mirror.trouble).toBeUndefined();
    expect(namesIn(directory)).toEqual(['10.15.3.20 guest-1', '10.15.3.21 guest-2']);
    put(mirror, 3, C);
    await clock.pass(1000);
    expect(namesIn(directory)).toHaveLength(3);
    mirror.close();
  });

  it('and with a lock that is damaged', async () => {
    const directory = smallDisk();
    if (directory === undefined) return;
    await crashed(directory);
    writeFileSync(`${fileIn(directory)}.lock`, Buffer.alloc(4096));
    fill(directory);

    const store = openIn(directory);

    expect(store.opening.loaded.bound).toBe(2);
    expect(() => openIn(directory)).toThrow(expect.objectContaining({ code: 'store-locked' }));
    await store.close();
  });

  it('whose journal has lost its room is refused with its name', async () => {
    const directory = smallDisk();
    if (directory === undefined) return;
    await crashed(directory);
    rmSync(journalIn(directory));
    fill(directory);

    expect(() => openIn(directory)).toThrow(expect.objectContaining({ code: 'store-failed' }));
  });
});
