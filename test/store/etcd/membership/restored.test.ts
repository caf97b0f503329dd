import { describe, expect, test } from 'vitest';
import { loadSettings } from '../../../../src/config/loading/load-settings.ts';
import type { LeaseState } from '../../../../src/lease/lease.ts';
import type { Ipv4 } from '../../../../src/net/ipv4.ts';
import { initSegment } from '../../../../src/sharing/init-segment.ts';
import type { EtcdStore } from '../../../../src/store/etcd/etcd-store.ts';
import { decodeEntry } from '../../../../src/store/etcd/keys/entry.ts';
import { Keys } from '../../../../src/store/etcd/keys/keys.ts';
import { readSnapshot } from '../../../../src/store/etcd/keys/snapshot.ts';
import { mergeLeases } from '../../../../src/store/etcd/membership/merge.ts';
import type { KeptLease } from '../../../../src/store/mirror.ts';
import { FakeClock, settle } from '../../../support/clock.ts';
import { MemoryCluster } from '../../../support/memory-etcd.ts';
import { MemoryMirror } from '../../../support/memory-mirror.ts';
import { at as dotted } from '../../../support/plan.ts';
import { beginSegment, openSharedStore, SEGMENT, sharedStore } from '../../../support/shared-store.ts';
import { address, at, bind, client, hardware } from '../../changes.ts';

const A = address('10.15.3.20');
const B = address('10.15.3.21');
const KEYS = new Keys(SEGMENT);
const HOUR = 3_600_000;

/** What `etcdctl snapshot restore` makes of a backup. */
function backupOf(cluster: MemoryCluster): MemoryCluster {
  const backup = new MemoryCluster();
  for (const [key, value] of cluster.keys) if (!key.includes('/gw/')) backup.keys.set(key, value);
  backup.revision = cluster.revision;
  return backup;
}

/** The server asks the store to do what is due once a second. */
async function seconds(clock: FakeClock, count: number, ...stores: readonly EtcdStore[]): Promise<void> {
  for (let second = 0; second < count; second += 1) {
    await clock.pass(1000);
    for (const store of stores) store.idle();
    await settle();
  }
}

function kept(
  place: Ipv4,
  owner: number,
  state: LeaseState,
  version: number,
  overrides: Partial<KeptLease> = {},
): KeptLease {
  return {
    address: place,
    client: client(owner),
    hardware: hardware(owner),
    granter: dotted('10.15.3.10'),
    state,
    expiresAt: at(state === 'free' ? 0 : 3600),
    updatedAt: at(0),
    leaseSeconds: 0,
    version,
    hostname: undefined,
    node: 'pve1',
    ...overrides,
  };
}

async function merged(cluster: MemoryCluster, rule: 'join' | 'seed', leases: readonly KeptLease[]) {
  const etcd = cluster.connect();
  let op = 0;
  const guard = { key: KEYS.generation, modRevision: cluster.keys.get(KEYS.generation)?.modRevision ?? 0 };
  return mergeLeases({
    guard,
    etcd,
    keys: KEYS,
    snapshot: await readSnapshot(etcd, KEYS),
    leases,
    rule,
    self: { address: '10.15.3.10', node: 'pve1' },
    now: at(10),
    newOperationId: () => {
      op += 1;
      return `op ${op}`;
    },
  });
}

function recordAt(cluster: MemoryCluster, place: Ipv4) {
  const found = cluster.keys.get(KEYS.ofAddress(place));
  return found === undefined ? undefined : decodeEntry(found)?.record;
}

describe('etcd that was put back', () => {
  test('grants nothing, however long the heartbeats of those that refuse have counted its revision up', async () => {
    const before = new MemoryCluster();
    await beginSegment(before.connect());
    const clock = new FakeClock();
    const mirror = new MemoryMirror();
    const store = await openSharedStore({ etcd: before.connect(), clock, mirror });
    const backup = backupOf(before);
    await bind(store, { client: 1, address: A, expiresAt: at(HOUR) });
    await bind(store, { client: 2, address: B, expiresAt: at(HOUR) });

    const again = await openSharedStore({ etcd: backup.connect(), clock, mirror });
    const atOnce = again.leases.canPromise;
    await seconds(clock, 30, again);

    expect(atOnce).toBe(false);
    expect(again.leases.at(A)).toMatchObject({ state: 'bound', client: client(1) });
    expect(again.leases.canPromise).toBe(false);
  });

  test('is not granted from by a gateway that was away, while another says that it has seen more', async () => {
    const before = new MemoryCluster();
    await beginSegment(before.connect());
    const clock = new FakeClock();
    const mirror = new MemoryMirror();
    const store = await openSharedStore({ etcd: before.connect(), clock, mirror });
    const backup = backupOf(before);
    for (let number = 1; number <= 9; number += 1)
      await bind(store, { client: number, address: (A + number) as Ipv4 });

    const knowing = await openSharedStore({ etcd: backup.connect(), clock, mirror });
    const away = await openSharedStore({ etcd: backup.connect(), clock, place: 11 });

    expect(knowing.leases.canPromise).toBe(false);
    expect(away.leases.canPromise).toBe(false);
  });
});

describe('seeding', () => {
  test('keeps the lease of a client that has moved: both records are of one revision', async () => {
    const cluster = new MemoryCluster();

    await merged(cluster, 'seed', [kept(A, 1, 'free', 120), kept(B, 1, 'bound', 120)]);

    expect(recordAt(cluster, B)).toMatchObject({ state: 'bound', client: client(1) });
  });

  test('keeps the lease of a client whose quarantine elsewhere has ended since', async () => {
    const cluster = new MemoryCluster();

    await merged(cluster, 'seed', [kept(A, 1, 'free', 150), kept(B, 1, 'bound', 103)]);

    expect(recordAt(cluster, B)).toMatchObject({ state: 'bound', client: client(1) });
  });

  test('writes over no lease of a segment that works, for a file of another generation', async () => {
    const cluster = new MemoryCluster();
    await beginSegment(cluster.connect(), SEGMENT, 'this generation');
    const clock = new FakeClock();
    const well = await openSharedStore({ etcd: cluster.connect(), clock });
    await bind(well, { client: 1, address: A });
    const mirror = new MemoryMirror([kept(A, 2, 'bound', 90_000)]);
    mirror.position = { segment: SEGMENT, generation: 'an older generation', revision: 90_001 };
    const foreign = await openSharedStore({ etcd: cluster.connect(), clock, place: 11, mirror });

    // What `cluster seed` writes, which the refusal of the second gateway has told the operator to run.
    const value = Buffer.from(
      JSON.stringify({ id: 'next', replaces: ['an older generation', 'this generation'] }),
    );
    cluster.transact({ compare: [], success: [{ kind: 'put', key: KEYS.seeding, value }], failure: [] });
    await seconds(clock, 3, well, foreign);

    expect(well.leases.canPromise).toBe(true);
    expect(well.leases.at(A)).toMatchObject({ state: 'bound', client: client(1) });
  });
});

describe('a generation that follows another', () => {
  test('counts the revisions of the file anew too, so that the next seeding compares like with like', async () => {
    const cluster = new MemoryCluster();
    const key = KEYS.generation;
    const generation = { id: 'second generation', at: 0, by: 'test', replaces: ['first generation'] };
    const value = Buffer.from(JSON.stringify(generation));
    cluster.transact({ compare: [], success: [{ kind: 'put', key, value }], failure: [] });
    const mirror = new MemoryMirror([kept(A, 1, 'bound', 90_000)]);
    mirror.position = { segment: SEGMENT, generation: 'first generation', revision: 90_001 };

    const store = await openSharedStore({ etcd: cluster.connect(), clock: new FakeClock(), mirror });

    expect(store.leases.at(A)?.version).toBeLessThanOrEqual(cluster.revision);
    expect(mirror.leases()[0]?.version).toBe(store.leases.at(A)?.version);
  });

  test('is not written over by a file that was still going up when it began', async () => {
    const cluster = new MemoryCluster();
    const other = await openSharedStore({ etcd: cluster.connect(), clock: new FakeClock(), place: 11 });
    const put = (key: string, value: object) =>
      cluster.transact({
        compare: [],
        success: [{ kind: 'put', key, value: Buffer.from(JSON.stringify(value)) }],
        failure: [],
      });
    put(KEYS.seeding, { id: 'second generation', replaces: ['first generation'] });
    const etcd = cluster.connect();
    const snapshot = await readSnapshot(etcd, KEYS);

    // All others have brought up theirs; this one's heartbeat was not there when they were counted.
    put(KEYS.generation, { id: 'second generation', at: 0, by: 'test', replaces: ['first generation'] });
    cluster.transact({ compare: [], success: [{ kind: 'delete', key: KEYS.seeding }], failure: [] });
    await other.serveAs(dotted('10.15.3.11'), { mustBeEqual: {}, shouldBeEqual: {} });
    const granted = await bind(other, { client: 2, address: A });
    const guard = { key: KEYS.seeding, modRevision: snapshot.found.get(KEYS.seeding)?.modRevision ?? 0 };
    const options = {
      keys: KEYS,
      guard,
      rule: 'seed',
      self: { address: '10.15.3.10', node: 'pve1' },
    } as const;
    const leases = [kept(A, 1, 'bound', 90_000)];
    await mergeLeases({ ...options, etcd, snapshot, leases, now: at(10), newOperationId: () => 'op' }).catch(
      () => {},
    );

    expect(granted).toBe('committed');
    expect(recordAt(cluster, A)).toMatchObject({ state: 'bound', client: client(2) });
  });

  test('is not begun by `cluster init` while gateways are alive that know an earlier one', async () => {
    const before = new MemoryCluster();
    await beginSegment(before.connect());
    const clock = new FakeClock();
    const mirror = new MemoryMirror();
    await openSharedStore({ etcd: before.connect(), clock, mirror });
    const emptied = new MemoryCluster();
    await openSharedStore({ etcd: emptied.connect(), clock, mirror });

    const loaded = loadSettings({ leasesDir: '/nowhere' }, {});
    if (!loaded.ok) throw new Error('settings');
    const shared = { ...loaded, segment: SEGMENT, node: 'pve9' };

    await expect(initSegment(emptied.connect(), shared, () => {}, false)).rejects.toThrow('has been before');
  });
});

describe('joining', () => {
  test('frees no live lease of a client elsewhere for an older one of the file', async () => {
    const cluster = new MemoryCluster();
    await beginSegment(cluster.connect());
    const store = await openSharedStore({ etcd: cluster.connect(), clock: new FakeClock(), place: 11 });
    await bind(store, { client: 1, address: A });
    await bind(
      store,
      { client: 1, address: B, at: at(5) },
      { client: 1, address: A, state: 'free', at: at(5) },
    );

    await merged(cluster, 'join', [kept(A, 1, 'bound', 7)]);

    expect(recordAt(cluster, B)).toMatchObject({ state: 'bound', client: client(1) });
  });

  test('brings up the lease of a client that has declined another address', async () => {
    const cluster = new MemoryCluster();

    const report = await merged(cluster, 'join', [kept(A, 1, 'declined', 7), kept(B, 1, 'bound', 9)]);

    expect(report.conflicts).toEqual([]);
    expect(recordAt(cluster, B)).toMatchObject({ state: 'bound', client: client(1) });
  });
});

describe('a gateway that takes the name of another', () => {
  test('does not stop it, and is not let in, though its listen address came late', async () => {
    const cluster = new MemoryCluster();
    await beginSegment(cluster.connect());
    const clock = new FakeClock();
    const honest = await openSharedStore({ etcd: cluster.connect(), clock, node: 'pve1' });
    const twin = sharedStore({ etcd: cluster.connect(), clock, place: 11, node: 'pve1' });

    // The server had waited for the address, so it beats while it claims.
    const contradiction = twin.serveAs(dotted('10.15.3.11'), { mustBeEqual: {}, shouldBeEqual: {} });
    await seconds(clock, 40, honest, twin);

    expect(await contradiction).toContain('has the node name pve1 too');
    expect(honest.failure).toBeUndefined();
  });
});

describe('a lost watch', () => {
  test('is begun anew though there is always something to commit', async () => {
    const cluster = new MemoryCluster();
    await beginSegment(cluster.connect());
    const clock = new FakeClock();
    const first = await openSharedStore({ etcd: cluster.connect(), clock });
    const busy = await openSharedStore({ etcd: cluster.connect(), clock, place: 11 });
    cluster.loseWatches();
    await bind(first, { client: 1, address: A });

    for (let half = 0; half < 60; half += 1) {
      await clock.pass(500);
      await bind(busy, { client: 2, address: B });
      if (half % 2 === 1) busy.idle();
      await settle();
    }

    expect(busy.leases.at(A)?.client).toBe(client(1));
  });
});
