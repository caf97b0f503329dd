import { expect, test } from 'vitest';
import { SegmentNews, ToldReservations } from '../../src/management/events/segment-news.ts';
import { openSqlite } from '../../src/store/sqlite/disk/driver.ts';
import { openMirror } from '../../src/store/sqlite/open-mirror.ts';
import { LiveLeaseFile } from '../../src/store/sqlite/query/live-file.ts';
import { address, at, bind, reserve } from '../store/changes.ts';
import { fileIn, openIn, temporaryDirectory } from '../store/sqlite/temporary-store.ts';
import { FakeClock } from '../support/clock.ts';
import { MemoryCluster } from '../support/memory-etcd.ts';
import { reservationOf } from '../support/reservations.ts';
import { beginSegment, openSharedStore } from '../support/shared-store.ts';

const A = address('10.15.3.20');
const B = address('10.15.3.21');

/** Two gateways that share their leases, and what the first one's file tells of the other. */
async function shared() {
  const cluster = new MemoryCluster();
  const clock = new FakeClock(at(0));
  await beginSegment(cluster.connect());
  const open = async (place: number) => {
    const directory = temporaryDirectory();
    const parts = {
      clock,
      now: clock.now(),
      seed: place,
      node: `pve${place - 9}`,
      inFlight: new Set<never>(),
    };
    const mirror = await openMirror({ directory, ...parts, say: () => {} });
    return { directory, store: await openSharedStore({ etcd: cluster.connect(), clock, mirror, place }) };
  };
  const [here, there] = [await open(10), await open(11)];
  await clock.pass(2000);
  const told = new ToldReservations(() => clock.now());
  const file = new LiveLeaseFile(here.directory);
  const leases = {
    peek: async (read: (leases: never) => unknown) => read({ database: file.database } as never),
  };
  const news = new SegmentNews({ leases: leases as never, node: 'pve1', told });
  const take = async () => {
    await clock.pass(2000);
    return (await news.take()).map(({ kind, data }) => ({ kind, ...(data as Record<string, unknown>) }));
  };
  return { clock, here: here.store, there: there.store, told, take };
}

test('what another gateway grants is news, with its node; what this one grants is told elsewhere', async () => {
  const { here, there, take } = await shared();
  await bind(there, { client: 9, address: address('10.15.3.29') });
  expect(await take()).toEqual([]);

  await bind(here, { client: 1, address: A });
  await bind(there, { client: 2, address: B });

  const news = await take();
  expect(news).toMatchObject([{ kind: 'lease', address: '10.15.3.21', reason: 'bound' }]);
  expect(news[0]).toMatchObject({ mac: expect.stringMatching(/:02$/), node: 'pve2' });
  expect(await take()).toEqual([]);
});

test('a reservation that was made at another gateway is news, and one that was made here is not told twice', async () => {
  const { here, there, told, take } = await shared();
  await take();

  await reserve(there, reservationOf('vps-2', '10.15.3.21'), { by: { author: 'ann' } });
  told.note('vps-1');
  await reserve(here, reservationOf('vps-1', '10.15.3.20'));

  expect(await take()).toMatchObject([
    { kind: 'reservation', id: 'vps-2', address: '10.15.3.21', author: 'ann', change: 'put' },
  ]);
});

test('what was while nobody looked is told late, and no order of this gateway a second time, however late', async () => {
  const { clock, here, there, told, take } = await shared();
  await take();

  await bind(there, { client: 2, address: B });
  told.note('vps-1');
  await reserve(
    here,
    reservationOf('vps-1', '10.15.3.20', { createdAt: clock.now(), updatedAt: clock.now() }),
  );
  for (let minute = 0; minute < 5; minute += 1) await clock.pass(60_000);
  await reserve(
    there,
    reservationOf('vps-1', '10.15.3.22', { createdAt: clock.now(), updatedAt: clock.now() }),
  );

  expect(await take()).toMatchObject([
    { kind: 'lease', address: '10.15.3.21' },
    { kind: 'reservation', id: 'vps-1', address: '10.15.3.20', change: 'remove' },
    { kind: 'reservation', id: 'vps-1', address: '10.15.3.22', change: 'put' },
  ]);
});

test('of more than is kept it is told that something was missed, and what comes then', async () => {
  const directory = temporaryDirectory();
  const clock = new FakeClock(at(0));
  const cluster = new MemoryCluster();
  await beginSegment(cluster.connect());
  const parts = { clock, now: clock.now(), seed: 1, node: 'pve1', inFlight: new Set<never>() };
  const mirror = await openMirror({ directory, ...parts, say: () => {} });
  await openSharedStore({ etcd: cluster.connect(), clock, mirror, place: 10 });
  await clock.pass(2000);
  const file = new LiveLeaseFile(directory);
  const peek = async (read: (leases: never) => unknown) => read({ database: file.database } as never);
  const told = new ToldReservations(() => 0);
  const news = new SegmentNews({ leases: { peek } as never, node: 'pve1', told });
  await news.take();
  const writer = openSqlite(fileIn(directory));
  const add = (rows: number) =>
    writer
      .prepare(
        `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
         INSERT INTO history (at, address, client, mac, event, reason, expires_at, node)
         SELECT 0, 1, '01', 1, 'bound', 'bound', 0, 'pve2' FROM n`,
      )
      .run(rows);

  add(10_001);
  const missed = await news.take();
  add(3);

  expect(missed).toEqual([{ kind: 'missed', data: { missed: null } }]);
  expect(await news.take()).toHaveLength(3);
  writer.close();
  file.close();
});

test('a file of leases of its own, and one that cannot be read, have no news', async () => {
  const directory = temporaryDirectory();
  const store = openIn(directory);
  const file = new LiveLeaseFile(directory);
  const told = new ToldReservations(() => 0);
  const peek = async (read: (leases: never) => unknown) => read({ database: file.database } as never);
  const own = new SegmentNews({ leases: { peek } as never, node: 'n1', told });
  await own.take();
  await bind(store, { client: 1, address: A });
  store.flush();
  const broken = () => Promise.reject(new Error('gone'));

  expect(await own.take()).toEqual([]);
  expect(await new SegmentNews({ leases: { peek: broken } as never, node: 'n1', told }).take()).toEqual([]);
});
