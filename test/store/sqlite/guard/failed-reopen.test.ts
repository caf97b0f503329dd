import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Database } from 'better-sqlite3';
import { afterEach, describe, expect, it } from 'vitest';
import { type Ipv4, UNSPECIFIED } from '../../../../src/net/ipv4.ts';
import type { MirroredChange } from '../../../../src/store/mirror.ts';
import { openSqlite } from '../../../../src/store/sqlite/disk/driver.ts';
import { openLeaseReader } from '../../../../src/store/sqlite/lease-reader.ts';
import { openMirror } from '../../../../src/store/sqlite/open-mirror.ts';
import type { SqliteMirror } from '../../../../src/store/sqlite/sqlite-mirror.ts';
import { FakeClock } from '../../../support/clock.ts';
import { address, at, bind, client, hardware } from '../../changes.ts';
import { fileIn, fill, openIn, smallDisk } from '../temporary-store.ts';

const A = address('10.15.3.20');
const B = address('10.15.3.21');
const NEEDED = 'needs the right to mount a tmpfs';

let restore = () => {};
afterEach(() => restore());

/**
 * Calls `run` behind each database that this process closes from now on, until `restore` is called. `busyMilliseconds`:
 * how long it waited for another program; undefined: it was closed before.
 */
function whenClosed(run: (name: string, busyMilliseconds: unknown) => void): void {
  const memory = openSqlite(':memory:');
  memory.close();
  const prototype = Object.getPrototypeOf(memory) as Database;
  const { close } = prototype;
  restore = () => {
    prototype.close = close;
  };
  prototype.close = function closeAndRun(this: Database) {
    const busyMilliseconds = this.open ? this.pragma('busy_timeout', { simple: true }) : undefined;
    close.call(this);
    run(this.name, busyMilliseconds);
    return this;
  };
}

/** Another program takes the lease file for itself. */
function take(directory: string): Database {
  const taker = openSqlite(fileIn(directory));
  taker.pragma('locking_mode = EXCLUSIVE');
  taker.exec('BEGIN IMMEDIATE');
  return taker;
}

/** Another program takes the lease file for itself as soon as it is closed. Returns it, once it has. */
function takenWhenClosed(directory: string): () => Database | undefined {
  let taker: Database | undefined;
  whenClosed(() => {
    restore();
    taker = take(directory);
  });
  return () => taker;
}

function contentOf(directory: string): { readonly names: readonly string[]; readonly events: number } {
  const reader = openLeaseReader(directory);
  const names = [...reader.leases({})].map(({ hostname }) => String(hostname));
  const events = [...reader.history({})].length;
  reader.close();
  return { names, events };
}

function put(mirror: SqliteMirror, number: number, leased: Ipv4): void {
  const after: MirroredChange['after'] = {
    ...{ address: leased, client: client(number), hardware: hardware(number), state: 'bound' },
    ...{ version: number, granter: UNSPECIFIED, node: 'pve1', hostname: `guest-${number}` },
    ...{ expiresAt: at(3600), leaseSeconds: 3600, updatedAt: at(number) },
  };
  mirror.put({ before: undefined, after, reason: 'bound' });
}

describe('a lease file that began on a full disk, and that another program has when there is room again', () => {
  it('is no lost file: leases are given meanwhile, and then all is in it, with names and history', async ({
    skip,
  }) => {
    const directory = smallDisk();
    if (directory === undefined) return skip(NEEDED);
    const before = openIn(directory);
    await bind(before, { client: 1, address: A, at: at(1), hostname: 'guest-1' });
    await before.close();
    fill(directory);
    const store = openIn(directory);
    const takerOf = takenWhenClosed(directory);
    rmSync(join(directory, 'filling'));

    for (const second of [4, 5, 6, 7, 8]) store.idle(at(second));
    const { failure, trouble } = store;
    const outcome = await bind(store, { client: 2, address: B, at: at(8), hostname: 'guest-2' });
    takerOf()?.close();
    for (const second of [9, 10, 11, 12]) store.idle(at(second));

    expect([takerOf()?.open, failure, outcome]).toEqual([false, undefined, 'committed']);
    expect(trouble).toBeDefined();
    expect(store.trouble).toBeUndefined();
    expect(contentOf(directory)).toEqual({ names: ['guest-1', 'guest-2'], events: 2 });
    expect(readdirSync(directory).filter((name) => name.includes('aside'))).toEqual([]);
    await store.close();
  });

  it('is reopened without waiting for that program; once it is open, its connection waits as any other does', async ({
    skip,
  }) => {
    const directory = smallDisk();
    if (directory === undefined) return skip(NEEDED);
    await openIn(directory).close();
    fill(directory);
    const store = openIn(directory);
    let taker: Database | undefined;
    const waits: unknown[] = [];
    whenClosed((name, busyMilliseconds) => {
      if (name !== fileIn(directory) || busyMilliseconds === undefined) return;
      waits.push(busyMilliseconds);
      taker ??= take(directory);
    });
    rmSync(join(directory, 'filling'));

    store.idle(at(4));
    store.idle(at(6));
    const { trouble } = store;
    const tried = [...waits];
    taker?.close();
    store.idle(at(10));
    waits.length = 0;
    await store.close();

    expect(trouble).toMatch(/SQLITE_BUSY|SQLITE_LOCKED/);
    expect(tried).toEqual([200, 0, 0]); // What was open, and two attempts.
    expect(store.trouble).toBeUndefined();
    expect(waits).toEqual([200]);
  });

  it('as a mirror of shared leases: it is tried again until it can be opened', async ({ skip }) => {
    const directory = smallDisk();
    if (directory === undefined) return skip(NEEDED);
    const clock = new FakeClock(at(3));
    const options = { directory, clock, now: at(3), seed: 0, inFlight: new Set<Ipv4>() };
    const before = await openMirror(options);
    put(before, 1, A);
    before.reached({ segment: 'one', generation: 'a', revision: 1 });
    before.close();
    fill(directory);
    const mirror = await openMirror(options);
    const takerOf = takenWhenClosed(directory);
    rmSync(join(directory, 'filling'));

    await clock.pass(3000);
    put(mirror, 2, B);
    mirror.reached({ segment: 'one', generation: 'a', revision: 2 });
    await clock.pass(3000);
    const { trouble } = mirror;
    takerOf()?.close();
    await clock.pass(3000);

    expect(takerOf()?.open).toBe(false);
    expect(trouble).toBeDefined();
    expect([mirror.trouble, mirror.lacking]).toEqual([undefined, undefined]);
    expect(contentOf(directory)).toEqual({ names: ['guest-1', 'guest-2'], events: 2 });
    expect(readdirSync(directory).filter((name) => name.includes('aside'))).toEqual([]);
    mirror.close();
  });

  it('is not closed and opened each second where the disk seems to have room, and has none', async ({
    skip,
  }) => {
    const directory = smallDisk();
    if (directory === undefined) return skip(NEEDED);
    const before = openIn(directory);
    await bind(before, { client: 1, address: A, at: at(1), hostname: 'guest-1' });
    await before.close();
    fill(directory);
    const store = openIn(directory);
    const filling = join(directory, 'filling');
    const closed = { times: 0 };
    whenClosed((name) => {
      if (name === fileIn(directory)) closed.times += 1;
      fill(directory);
    });

    for (let second = 4; second < 64; second += 1) {
      rmSync(filling, { force: true });
      store.idle(at(second));
    }
    restore();
    rmSync(filling, { force: true });
    const { trouble } = store;
    for (let second = 64; second < 130; second += 1) store.idle(at(second));

    expect(closed.times / 2).toBe(5); // What was open, and the attempt that found no room.
    expect(trouble).toMatch(/SHMSIZE|SQLITE_FULL/);
    expect(store.trouble).toBeUndefined();
    expect(contentOf(directory)).toEqual({ names: ['guest-1'], events: 1 });
    await store.close();
  });
});
