import { rmSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { OutsideId } from '../../../src/lease/outside-id.ts';
import type { Say } from '../../../src/log/say.ts';
import type { Ipv4 } from '../../../src/net/ipv4.ts';
import type { KeptLease } from '../../../src/store/mirror.ts';
import { openSqlite } from '../../../src/store/sqlite/disk/driver.ts';
import { openMirror } from '../../../src/store/sqlite/open-mirror.ts';
import type { SqliteMirror } from '../../../src/store/sqlite/sqlite-mirror.ts';
import { FakeClock } from '../../support/clock.ts';
import { MemoryCluster } from '../../support/memory-etcd.ts';
import { at as dotted } from '../../support/plan.ts';
import { reservationOf } from '../../support/reservations.ts';
import { beginSegment, openSharedStore } from '../../support/shared-store.ts';
import { address, at, bind, client, hardware, offer, reserve } from '../changes.ts';
import { errorOf, fileIn, openIn, temporaryDirectory } from './temporary-store.ts';

const A = address('10.15.3.20');
const B = address('10.15.3.21');
const C = address('10.15.3.22');

async function mirrorIn(directory: string, clock: FakeClock, said: string[] = []): Promise<SqliteMirror> {
  const now = clock.now();
  const say: Say = (level, fields, message) => said.push(`${level} ${message} ${JSON.stringify(fields)}`);
  return openMirror({ directory, clock, now, seed: 0, node: 'pve1', inFlight: new Set(), say });
}

/** A gateway with its mirror in a directory. */
async function gateway(cluster: MemoryCluster, directory: string, clock = new FakeClock(at(0)), place = 10) {
  await beginSegment(cluster.connect());
  const mirror = await mirrorIn(directory, clock);
  return openSharedStore({ etcd: cluster.connect(), clock, mirror, place });
}

/** What people read in a file, whether its gateway runs or not. */
function read(directory: string, sql: string): unknown[] {
  const database = openSqlite(fileIn(directory), { readonly: true });
  try {
    return database.prepare(sql).all();
  } finally {
    database.close();
  }
}

const LEASES = 'SELECT address, mac, state, hostname, node FROM leases';

describe('the mirror of shared leases', () => {
  test('has the reservations of every gateway with the history of why, also after a restart and in a lost file', async () => {
    const cluster = new MemoryCluster();
    const clock = new FakeClock(at(0));
    const directory = temporaryDirectory();
    const here = await gateway(cluster, directory, clock);
    const there = await gateway(cluster, temporaryDirectory(), clock, 11);
    await reserve(there, reservationOf('web', '10.15.3.20'), { by: { author: 'ann' } });
    await reserve(there, reservationOf('gone', '10.15.3.21'));
    await reserve(there, { removed: 'gone' });
    await clock.pass(1000);

    expect(read(directory, 'SELECT id, address FROM reservations')).toEqual([
      { id: 'web', address: '10.15.3.20' },
    ]);
    expect(read(directory, 'SELECT event, address, reason FROM lease_history')).toEqual([
      { event: 'reserved', address: '10.15.3.20', reason: 'reserved-by-operator by ann' },
      { event: 'reserved', address: '10.15.3.21', reason: 'reserved-by-operator' },
      { event: 'unreserved', address: '10.15.3.21', reason: 'reservation-forgotten' },
    ]);
    rmSync(fileIn(directory));
    for (let second = 0; second < 5; second += 1) await clock.pass(1000);
    await here.close();
    const mirror = await mirrorIn(directory, clock);
    expect(mirror.reservations()).toEqual([there.reservations.get('web' as OutsideId)]);
    mirror.close();
  });

  test('has what every gateway has granted, with the node that did, and not what is only on offer', async () => {
    const cluster = new MemoryCluster();
    const clock = new FakeClock(at(0));
    const directory = temporaryDirectory();
    const here = await gateway(cluster, directory, clock);
    const there = await gateway(cluster, temporaryDirectory(), clock, 11);
    await bind(here, { client: 1, address: A, hostname: 'web' });
    await bind(there, { client: 2, address: B });
    await offer(there, { client: 3, address: C });
    await clock.pass(1000);

    expect(read(directory, LEASES)).toEqual([
      {
        address: '10.15.3.20',
        mac: '52:54:00:00:00:01',
        state: expect.any(String),
        hostname: 'web',
        node: 'pve1',
      },
      {
        address: '10.15.3.21',
        mac: '52:54:00:00:00:02',
        state: expect.any(String),
        hostname: null,
        node: 'pve2',
      },
    ]);
    await here.close();
    await there.close();
  });

  test('says how fresh it is: segment, birth, revision, when a majority answered, and whether one does', async () => {
    const cluster = new MemoryCluster();
    const clock = new FakeClock(at(0));
    const directory = temporaryDirectory();
    const store = await gateway(cluster, directory, clock);
    await bind(store, { client: 1, address: A });
    await clock.pass(2000);
    const well = read(directory, 'SELECT * FROM mirror_state');
    cluster.isDown = true;
    await clock.pass(4000);
    store.idle();
    await clock.pass(2000);

    expect(well).toEqual([
      {
        segment: 'tenant-1',
        birth: 'first generation',
        revision: cluster.revision,
        seen: '2026-01-01T00:00:00Z',
        age_seconds: expect.any(Number),
        quorum: 'yes',
      },
    ]);
    expect(read(directory, 'SELECT quorum FROM mirror_state')).toEqual([{ quorum: 'no' }]);
    await store.close();
  });

  test('has a row in the history for each change of state, of whichever gateway, and none for a renewal', async () => {
    const cluster = new MemoryCluster();
    const clock = new FakeClock(at(0));
    const directory = temporaryDirectory();
    const here = await gateway(cluster, directory, clock);
    const there = await gateway(cluster, temporaryDirectory(), clock, 11);
    await bind(here, { client: 1, address: A });
    await bind(there, { client: 1, address: A, at: at(60), reason: 'renewed' });
    await bind(there, { client: 1, address: A, at: at(61), state: 'free', reason: 'released' });
    await clock.pass(1000);

    expect(read(directory, 'SELECT event, reason, node FROM lease_history')).toEqual([
      { event: 'bound', reason: 'bound', node: 'pve1' },
      { event: 'released', reason: 'released', node: 'pve2' },
    ]);
    await here.close();
    await there.close();
  });

  // The disk may take nothing for hours, while guests take and release leases.
  test('keeps no more than 100,000 changes that wait for the disk: then the newest of each address, and says how many rows are lost', async () => {
    const directory = temporaryDirectory();
    const clock = new FakeClock(at(0));
    const said: string[] = [];
    const mirror = await mirrorIn(directory, clock, said);
    const kept = (number: number): KeptLease => ({
      address: (A + (number % 10)) as Ipv4,
      client: client(number),
      hardware: hardware(number),
      granter: dotted('10.15.3.10'),
      state: 'bound',
      expiresAt: at(1000),
      updatedAt: at(0),
      leaseSeconds: 1000,
      version: number + 1,
      hostname: undefined,
      node: 'pve1',
    });
    for (let number = 0; number < 100_005; number += 1)
      mirror.put({ before: undefined, after: kept(number), reason: 'bound' });

    mirror.close();

    const rows = read(directory, 'SELECT count(*) AS leases, max(version) AS newest FROM lease');
    expect(rows).toEqual([{ leases: 10, newest: 100_005 }]);
    expect(read(directory, 'SELECT count(*) AS rows FROM history')).toEqual([{ rows: 14 }]);
    expect(said).toEqual([expect.stringMatching(/rows of the history are lost.*"rows":99991/)]);
  });

  test('catches up over a restart, also of what went by while nobody watched', async () => {
    const cluster = new MemoryCluster();
    const clock = new FakeClock(at(0));
    const directory = temporaryDirectory();
    const here = await gateway(cluster, directory, clock);
    const there = await gateway(cluster, temporaryDirectory(), clock, 11);
    await bind(here, { client: 1, address: A });
    await bind(here, { client: 2, address: B });
    await here.close();
    await bind(there, { client: 1, address: A, at: at(5), state: 'free', reason: 'released' });
    await bind(there, { client: 3, address: C, at: at(6) });
    cluster.compact();

    const again = await gateway(cluster, directory, clock);
    await clock.pass(1000);

    expect(read(directory, 'SELECT address, state FROM lease ORDER BY address')).toEqual([
      { address: A, state: 'free' },
      { address: B, state: 'bound' },
      { address: C, state: 'bound' },
    ]);
    expect(read(directory, "SELECT event FROM history WHERE node = 'pve2'")).toEqual([
      { event: 'released' },
      { event: 'bound' },
    ]);
    await again.close();
    await there.close();
  });

  test('is what is known while etcd cannot be reached, and after the file is lost all comes again', async () => {
    const cluster = new MemoryCluster();
    const clock = new FakeClock(at(0));
    const directory = temporaryDirectory();
    const first = await gateway(cluster, directory, clock);
    await bind(first, { client: 1, address: A });
    await first.close();
    const mirror = await mirrorIn(directory, clock);
    cluster.isDown = true;
    const alone = await openSharedStore({ etcd: cluster.connect(), clock, mirror });
    const known = [alone.leases.at(A)?.client, alone.leases.canPromise];
    await alone.close();
    cluster.isDown = false;

    const lost = temporaryDirectory();
    const anew = await gateway(cluster, lost, clock);
    await clock.pass(1000);

    expect(known).toEqual([client(1), false]);
    expect(anew.leases.canPromise).toBe(true);
    expect(read(lost, 'SELECT address FROM leases')).toEqual([{ address: '10.15.3.20' }]);
    await anew.close();
  });
});

describe('a lease file that was alone', () => {
  test('joins with what was still in its journal, and is refused alone from then on; until it leaves', async () => {
    const cluster = new MemoryCluster();
    const clock = new FakeClock(at(0));
    const directory = temporaryDirectory();
    const alone = openIn(directory);
    await bind(alone, { client: 1, address: A });
    await alone.close();

    const shared = await gateway(cluster, directory, clock);
    expect(shared.leases.at(A)).toMatchObject({ client: client(1), granter: dotted('10.15.3.10') });
    await shared.close();
    const refusal = errorOf(() => openIn(directory));
    const mirror = await mirrorIn(directory, clock);
    mirror.leave();
    mirror.close();
    const again = openIn(directory);
    onTestFinished(() => again.close());

    expect([refusal.code, refusal.message]).toEqual([
      'bad-settings',
      expect.stringContaining('cluster leave'),
    ]);
    expect(again.leases.at(A)).toMatchObject({ client: client(1), state: 'bound' });
    expect(await bind(again, { client: 2, address: B })).toBe('committed');
  });
});
