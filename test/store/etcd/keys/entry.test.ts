import { describe, expect, test } from 'vitest';
import { INFINITE_SECONDS } from '../../../../src/lease/lease.ts';
import type { OutsideId } from '../../../../src/lease/outside-id.ts';
import { leaseOfRecord, parseEntry } from '../../../../src/store/etcd/keys/entry.ts';
import { Keys } from '../../../../src/store/etcd/keys/keys.ts';
import { FakeClock } from '../../../support/clock.ts';
import { MemoryCluster } from '../../../support/memory-etcd.ts';
import { MemoryMirror } from '../../../support/memory-mirror.ts';
import { beginSegment, openSharedStore, SEGMENT } from '../../../support/shared-store.ts';
import { address, at, bind, client, hardware } from '../../changes.ts';

const A = address('10.15.3.20');
const KEY = new Keys(SEGMENT).ofAddress(A);

/** A record as a gateway writes it that knows nothing of lengths, with what only a newer one knows beside it. */
function olderEntry(record: object = {}): object {
  const times = { expiresAt: at(3600), updatedAt: at(0) };
  const granter = { granter: '10.15.3.11', node: 'pve2' };
  const bound = { client: client(1), mac: hardware(1), state: 'bound', ...times, ...granter, ...record };
  return { record: bound, op: 'older', colour: 'blue' };
}

async function born(entry?: object): Promise<MemoryCluster> {
  const cluster = new MemoryCluster();
  await beginSegment(cluster.connect());
  const value = Buffer.from(JSON.stringify(entry ?? {}));
  if (entry !== undefined)
    cluster.transact({ compare: [], success: [{ kind: 'put', key: KEY, value }], failure: [] });
  return cluster;
}

function found(cluster: MemoryCluster): unknown {
  return JSON.parse(Buffer.from(cluster.keys.get(KEY)?.value ?? []).toString());
}

describe('the ids of a lease in etcd', () => {
  test('are none in what a gateway of the version before wrote, and in what it writes over them: no conflict', async () => {
    const cluster = await born(olderEntry());
    const clock = new FakeClock(at(10));
    const store = await openSharedStore({ etcd: cluster.connect(), clock });
    expect(store.leases.at(A)).toMatchObject({ client: client(1), ids: undefined });
    const ids = { vpsId: '104' as OutsideId };
    await bind(store, { client: 1, address: A, at: at(10), expiresAt: at(610), ids });
    expect(found(cluster)).toMatchObject({ record: { vpsId: '104' }, colour: 'blue' });

    const value = Buffer.from(JSON.stringify(olderEntry({ updatedAt: at(20) })));
    cluster.transact({ compare: [], success: [{ kind: 'put', key: KEY, value }], failure: [] });
    await clock.pass(10);
    expect(store.leases.at(A)).toMatchObject({ client: client(1), updatedAt: at(20), ids: undefined });
    expect(await bind(store, { client: 1, address: A, at: at(30), expiresAt: at(630), ids })).toBe(
      'committed',
    );

    expect(found(cluster)).toMatchObject({ record: { vpsId: '104' }, colour: 'blue' });
  });

  test('what only a newer version knows of a lease stays while the address names its client', async () => {
    const cluster = await born(olderEntry({ shape: 'round', expiresAt: at(20) }));
    const store = await openSharedStore({ etcd: cluster.connect(), clock: new FakeClock(at(10)) });

    await bind(store, { client: 1, address: A, at: at(10), expiresAt: at(610) });
    expect(found(cluster)).toMatchObject({ record: { updatedAt: at(10), shape: 'round' }, colour: 'blue' });
    await bind(store, { client: 1, address: A, at: at(20), state: 'free' });
    await bind(store, { client: 2, address: A, at: at(30), expiresAt: at(630) });

    expect(found(cluster)).toMatchObject({ record: { client: client(2) }, colour: 'blue' });
    expect(found(cluster)).not.toHaveProperty('record.shape');
  });

  test('another gateway knows them, and so does its mirror, also where nothing else of the lease has changed', async () => {
    const cluster = await born();
    const clock = new FakeClock(at(0));
    const mirror = new MemoryMirror();
    const here = await openSharedStore({ etcd: cluster.connect(), clock });
    const there = await openSharedStore({ etcd: cluster.connect(), clock, place: 11, mirror });

    for (const vpsId of ['104', '105'] as OutsideId[]) {
      await bind(here, { client: 1, address: A, expiresAt: at(600), ids: { vpsId } });
      await clock.pass(10);

      expect(there.leases.at(A)?.ids).toEqual({ vpsId });
      expect(mirror.leases()).toMatchObject([{ address: A, ids: { vpsId } }]);
    }
  });

  test.each(['', 7, null, {}, 'x'.repeat(65), 'a\nb'])(
    '%j is no id: it is left out, and the lease counts',
    (value) => {
      const entry = olderEntry({ vpsId: value, organizationId: 'org-1', hostname: value });
      const record = parseEntry(JSON.stringify(entry))?.record;

      expect(record && leaseOfRecord(A, record, 7)).toMatchObject({
        client: client(1),
        ids: { organizationId: 'org-1' },
      });
    },
  );
});

describe('the length of a lease in etcd', () => {
  test.each([
    ['a record', {}, 0],
    ['a record of an hour', { leaseSeconds: 3600 }, 3600],
    ['a record without end', { leaseSeconds: INFINITE_SECONDS }, INFINITE_SECONDS],
  ])('%s is read with its length, or as one whose length is not known', (_, more, leaseSeconds) => {
    const record = parseEntry(JSON.stringify(olderEntry(more)))?.record;

    expect(record && leaseOfRecord(A, record, 7)).toMatchObject({ client: client(1), leaseSeconds });
  });

  test.each([-1, 0.5, INFINITE_SECONDS + 1, '3600', null])(
    '%j is the length of no lease of ours',
    (value) => {
      expect(parseEntry(JSON.stringify(olderEntry({ leaseSeconds: value })))).toBeUndefined();
    },
  );

  test("is not known of an older gateway's lease, and is there once this one has renewed it; what else stands there stays", async () => {
    const cluster = await born(olderEntry());
    const store = await openSharedStore({ etcd: cluster.connect(), clock: new FakeClock(at(10)) });
    expect(store.leases.at(A)).toMatchObject({ client: client(1), leaseSeconds: 0 });

    await bind(store, { client: 1, address: A, at: at(10), expiresAt: at(610) });

    expect(found(cluster)).toMatchObject({ record: { leaseSeconds: 600 }, colour: 'blue' });
  });

  test('another gateway knows it, and so does its mirror', async () => {
    const cluster = await born();
    const clock = new FakeClock(at(0));
    const mirror = new MemoryMirror();
    const here = await openSharedStore({ etcd: cluster.connect(), clock });
    const there = await openSharedStore({ etcd: cluster.connect(), clock, place: 11, mirror });

    await bind(here, { client: 1, address: A, expiresAt: at(600) });
    await clock.pass(10);

    expect(there.leases.at(A)?.leaseSeconds).toBe(600);
    expect(mirror.leases()).toMatchObject([{ address: A, leaseSeconds: 600 }]);
  });
});

test('a host name in UTF-8 is the same in etcd, at another gateway and in its mirror', async () => {
  const name = '東'.repeat(85);
  const cluster = await born();
  const clock = new FakeClock(at(0));
  const mirror = new MemoryMirror();
  const here = await openSharedStore({ etcd: cluster.connect(), clock });
  await openSharedStore({ etcd: cluster.connect(), clock, place: 11, mirror });

  await bind(here, { client: 1, address: A, expiresAt: at(600), hostname: name });
  await clock.pass(10);

  expect(found(cluster)).toMatchObject({ record: { hostname: name } });
  expect(mirror.leases()).toMatchObject([{ address: A, hostname: name }]);
});
