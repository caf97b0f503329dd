import { describe, expect, test } from 'vitest';
import { type AskedMember, type Etcd, EtcdError } from '../../../../src/store/etcd/client/etcd.ts';
import type { EtcdStore } from '../../../../src/store/etcd/etcd-store.ts';
import { fullness, spaceProblems } from '../../../../src/store/etcd/membership/space.ts';
import { FakeClock, settle } from '../../../support/clock.ts';
import { MemoryCluster } from '../../../support/memory-etcd.ts';
import { PassingEtcd } from '../../../support/passing-etcd.ts';
import { beginSegment, openSharedStore, type SharedStoreOptions } from '../../../support/shared-store.ts';
import { address, bind, client } from '../../changes.ts';

const A = address('10.15.3.20');
const QUOTA = 1_000_000;
const MINUTE = 60;

class Segment {
  readonly cluster = new MemoryCluster();
  readonly clock = new FakeClock();
  readonly stores: EtcdStore[] = [];
  readonly said: string[] = [];

  static async born(): Promise<Segment> {
    const segment = new Segment();
    await beginSegment(segment.cluster.connect());
    return segment;
  }

  async open(options: Partial<SharedStoreOptions> = {}): Promise<EtcdStore> {
    const { cluster, clock, said } = this;
    const store = await openSharedStore({ etcd: cluster.connect(), clock, quota: QUOTA, said, ...options });
    this.stores.push(store);
    return store;
  }

  async pass(seconds: number): Promise<void> {
    for (let second = 0; second < seconds; second += 1) {
      await this.clock.pass(1000);
      for (const store of this.stores) store.idle();
      await settle();
    }
  }

  put(key: string, times = 1): void {
    for (let time = 0; time < times; time += 1)
      this.cluster.transact({
        compare: [],
        success: [{ kind: 'put', key, value: Buffer.from('x') }],
        failure: [],
      });
  }
}

/** A key of this segment that is no lease. */
const OWN = '/vps-gateway/tenant-1/other';

/** Three members, of which this node reaches so many; a majority answers it while all are. */
class ReachedInPart extends PassingEtcd {
  reached = 3;

  override async range(...question: Parameters<Etcd['range']>) {
    if (this.reached < 3) throw new EtcdError('unknown', 'etcd at 192.0.2.11:2379: no answer in time');
    return await super.range(...question);
  }

  override async statuses(): Promise<readonly AskedMember[]> {
    const status = await this.etcd.status();
    return [1, 2, 3].map((number) => ({
      endpoint: `192.0.2.1${number}:2379`,
      status: number <= this.reached ? status : undefined,
      roundTrip: 1,
    }));
  }
}

describe('an etcd that gives no answer', () => {
  test.each([
    [
      1,
      /; this node reaches 1 of the 3 members that are set: where other nodes reach more, look at this node's own link first$/,
    ],
    [2, /; this node reaches 2 of the 3 members that are set$/],
  ])('is told with the number of members that this node reaches: %d', async (reached, text) => {
    const segment = await Segment.born();
    const etcd = new ReachedInPart(segment.cluster.connect());
    const store = await segment.open({ etcd });
    await segment.pass(10);
    etcd.reached = reached;
    await segment.pass(12);
    const failure = store.failure;
    etcd.reached = 3;
    await segment.pass(10);

    expect(failure).toMatch(/^etcd at 192\.0\.2\.11:2379: no answer in time;/);
    expect(failure).toMatch(text);
    expect(store.failure).toBe(undefined);
    expect(store.etcdMembers.asked.every(({ status }) => status !== undefined)).toBe(true);
  });

  test('is told without a number, as long as it is not known', async () => {
    const segment = await Segment.born();
    const etcd = new ReachedInPart(segment.cluster.connect());
    const store = await segment.open({ etcd });
    await segment.pass(1);
    etcd.reached = 1;
    await segment.pass(4);

    expect(store.failure).toBe('etcd at 192.0.2.11:2379: no answer in time');
  });
});

describe('what is past in etcd', () => {
  test('is compacted, but for the last five minutes', async () => {
    const segment = await Segment.born();
    await segment.open();
    segment.put(OWN, 2000);
    const { revision } = segment.cluster;
    await segment.pass(4 * MINUTE);
    const before = segment.cluster.compacted;
    await segment.pass(3 * MINUTE);

    expect(before).toBe(0);
    expect(segment.cluster.compacted).toBeGreaterThanOrEqual(revision);
    expect(segment.cluster.compacted).toBeLessThan(segment.cluster.revision - 50);
  });

  test.each([
    [0.1, 0],
    [0.25, 60],
    [0.4, 10],
    [0.9, 1],
  ])('where %d of the quota is in use is kept for a shorter time', async (share, seconds) => {
    const segment = await Segment.born();
    segment.cluster.usedBytes = QUOTA * share;
    await segment.open();
    segment.put(OWN, 6000);
    const { revision } = segment.cluster;
    await segment.pass(2 * MINUTE + 2);
    segment.put(OWN, 6000);
    await segment.pass(2);

    expect(segment.cluster.compacted >= revision).toBe(seconds > 0);
  });

  test('is kept for no more than 30,000 keys that were written, whatever the quota is', async () => {
    const segment = await Segment.born();
    await segment.open({ quota: 2 ** 40 });
    for (let second = 0; second < 12; second += 1) {
      segment.put(OWN, 5000);
      await segment.pass(1);
    }

    const { revision, compacted } = segment.cluster;
    expect(revision - compacted).toBeGreaterThan(25_000);
    expect(revision - compacted).toBeLessThan(41_000);
  });

  test('is looked after when much is written, and not only each minute', async () => {
    const segment = await Segment.born();
    await segment.open();
    await segment.pass(2);
    segment.cluster.usedBytes = QUOTA * 0.9;
    segment.put(OWN, 3000);
    await segment.pass(3);
    const before = segment.cluster.compacted;
    segment.put(OWN, 3000);
    await segment.pass(3);

    expect(before).toBe(0);
    expect(segment.cluster.compacted).toBeGreaterThan(3000);
  });

  test.each([
    { compacting: 'auto', key: '/registry/pods/a', compacts: false },
    { compacting: 'auto', key: '/vps-gateway/tenant-2/birth', compacts: true },
    { compacting: 'auto', key: '/zebra', compacts: false },
    { compacting: 'on', key: '/registry/pods/a', compacts: true },
    { compacting: 'off', key: '/vps-gateway/tenant-2/birth', compacts: false },
  ] as const)('of an etcd that holds $key: compacted with $compacting: $compacts', async (row) => {
    const segment = await Segment.born();
    segment.put(row.key);
    segment.cluster.usedBytes = QUOTA * 0.9;
    await segment.open({ compacting: row.compacting });
    await segment.pass(10);
    segment.put(OWN, 6000);
    await segment.pass(3 * MINUTE);

    expect(segment.cluster.compacted > 0).toBe(row.compacts);
    const lines = segment.said.filter((line) => line.includes('is not compacted by the gateways'));
    expect(lines).toHaveLength(row.compacting === 'auto' && !row.compacts ? 1 : 0);
    if (lines.length > 0) expect(lines[0]).toContain(row.key);
  });

  test('is compacted by one gateway, the first of those that may; by the next one when that is gone', async () => {
    const segment = await Segment.born();
    await segment.open({ compacting: 'off' });
    const second = await segment.open({ place: 11 });
    const third = await segment.open({ place: 12 });
    await segment.pass(5);
    const first = segment.stores.map(({ members }) => members.isFirstToCompact);
    segment.cluster.endEtcdLease('2');
    segment.stores.splice(segment.stores.indexOf(second), 1);

    expect(first).toEqual([false, true, false]);
    expect(third.members.isFirstToCompact).toBe(true);
  });

  test('may be compacted before a gateway has heard of it: that one reads the leases anew', async () => {
    const segment = await Segment.born();
    const granter = await segment.open();
    const slow = await segment.open({ place: 11 });
    segment.cluster.isWatchStalled = true;
    await bind(granter, { client: 1, address: A });
    segment.cluster.compact();
    segment.cluster.isWatchStalled = false;
    segment.cluster.deliver();
    await segment.pass(3);

    expect(slow.leases.at(A)?.client).toBe(client(1));
    expect(slow.failure).toBeUndefined();
    expect(await bind(slow, { client: 2, address: address('10.15.3.21') })).toBe('committed');
  });
});

describe('the space of etcd', () => {
  test.each([
    { databaseBytes: 790_000, says: undefined },
    { databaseBytes: 810_000, says: '80 % of its quota on memory (quota 976.6 KiB)' },
    { databaseBytes: 960_000, says: '95 % of its quota' },
    { databaseBytes: 1_200_000, says: '100 % of its quota' },
    { databaseBytes: 1_200_000, quotaBytes: 2_000_000_000, says: undefined },
  ])('is said to run short: $databaseBytes of $quotaBytes: $says', async ({ says, ...sizes }) => {
    const segment = await Segment.born();
    Object.assign(segment.cluster, sizes);
    const store = await segment.open();
    await segment.pass(2);

    expect(store.spaceProblems).toEqual(
      says === undefined ? [] : [expect.objectContaining({ message: expect.stringContaining(says) })],
    );
  });

  test('is looked at every minute, and what was wrong with it ends', async () => {
    const segment = await Segment.born();
    const store = await segment.open();
    await segment.pass(2);
    segment.cluster.alarms.push({ memberId: '1', kind: 'no-space' });
    await segment.pass(MINUTE);
    const during = store.spaceProblems;
    segment.cluster.alarms.length = 0;
    await segment.pass(MINUTE);

    expect(during).toEqual([
      expect.objectContaining({ message: expect.stringContaining('alarm NOSPACE of memory') }),
    ]);
    expect(store.spaceProblems).toEqual([]);
  });

  test('names the members by their endpoints, and one that does not answer by its number', () => {
    const member = {
      ...{ clusterId: '1', leader: '1', revision: 9, version: '3.4' },
      ...{ databaseBytes: 10, usedBytes: 5, quotaBytes: 0 },
    };
    const members = [{ ...member, endpoint: '192.0.2.11:2379', memberId: '7' }];
    const alarms = [
      { memberId: '7', kind: 'no-space' },
      { memberId: '8', kind: 'no-space' },
      { memberId: '7', kind: 'corrupt' },
    ] as const;

    const [full, corrupt] = spaceProblems({ members, alarms }, 10);

    expect(full?.message).toContain('NOSPACE of 192.0.2.11:2379, member 8');
    expect(corrupt?.message).toContain('CORRUPT of 192.0.2.11:2379');
    expect(fullness({ members, alarms }, 10)).toBe(0.5);
  });
});
