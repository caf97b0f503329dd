import { describe, expect, test } from 'vitest';
import { instant } from '../../../../src/lease/lease.ts';
import { EtcdClusterPeers } from '../../../../src/sharing/etcd-cluster-peers.ts';
import { heartbeatsIn, type Placement } from '../../../../src/store/etcd/keys/heartbeat.ts';
import { Keys } from '../../../../src/store/etcd/keys/keys.ts';
import { Members } from '../../../../src/store/etcd/membership/members.ts';
import { FakeClock, settle } from '../../../support/clock.ts';
import { MemoryCluster } from '../../../support/memory-etcd.ts';
import { at as dotted } from '../../../support/plan.ts';
import { beginSegment, openSharedStore, SEGMENT, sharedStore } from '../../../support/shared-store.ts';

const AGREED = { GATEWAY_DHCP_IDENTITY: 'auto' };

async function born(): Promise<MemoryCluster> {
  const cluster = new MemoryCluster();
  await beginSegment(cluster.connect());
  return cluster;
}

/** Lets the clock run until the promise has ended. */
async function ended<Value>(clock: FakeClock, promise: Promise<Value>): Promise<Value> {
  let isOver = false;
  void promise.finally(() => {
    isOver = true;
  });
  for (let step = 0; step < 400 && !isOver; step += 1) await clock.pass(100);
  return promise;
}

describe('gateways that share leases', () => {
  test('know which others are alive, until they leave or their heartbeat ends', async () => {
    const cluster = await born();
    const clock = new FakeClock();
    const first = await openSharedStore({ etcd: cluster.connect(), clock });
    const second = await openSharedStore({ etcd: cluster.connect(), clock, place: 11 });
    const third = await openSharedStore({ etcd: cluster.connect(), clock, place: 12 });
    const all = [...first.members.live];
    await second.close();
    const left = [...first.members.live];
    cluster.endEtcdLease('3');

    expect(all).toEqual([dotted('10.15.3.11'), dotted('10.15.3.12')]);
    expect(left).toEqual([dotted('10.15.3.12')]);
    expect([...first.members.live]).toEqual([]);
    expect([...third.members.live]).toEqual([dotted('10.15.3.10')]);
  });

  test('say which other has gone without a farewell, until it is back; not who has left in order', async () => {
    const cluster = await born();
    const clock = new FakeClock();
    const first = await openSharedStore({ etcd: cluster.connect(), clock });
    const second = await openSharedStore({ etcd: cluster.connect(), clock, place: 11 });
    await openSharedStore({ etcd: cluster.connect(), clock, place: 12 });
    await clock.pass(1000);
    await second.close();
    const left = first.members.goneProblems;
    await clock.pass(9000);
    cluster.endEtcdLease('3');
    const gone = first.members.goneProblems.map(({ message }) => message);
    await openSharedStore({ etcd: cluster.connect(), clock, place: 12 });
    await settle();

    expect(left).toEqual([]);
    expect(gone).toEqual([
      expect.stringMatching(/^the gateway \S+ \(10\.15\.3\.12\) was heard last at 2\S+Z,/),
    ]);
    expect(first.members.goneProblems).toEqual([]);
  });

  test('know which of them answers the guests of a host, as long as it is alive, sees them and grants', async () => {
    const cluster = await born();
    const clock = new FakeClock();
    const first = await openSharedStore({ etcd: cluster.connect(), clock });
    let placement: Placement | undefined;
    const second = await openSharedStore({
      ...{ etcd: cluster.connect(), clock, place: 11 },
      placement: () => placement,
    });
    const host = dotted('192.0.2.11');
    /** Who answers there, a second later. */
    const answererWith = async (now: Placement | undefined) => {
      placement = now;
      second.idle();
      await clock.pass(1000);
      return first.members.gatewayAt(host);
    };

    expect(await answererWith(undefined)).toBeUndefined();
    const tunnelEnds = ['192.0.2.11', '198.51.100.11'];
    expect(await answererWith({ tunnelEnds, grants: true })).toBe(dotted('10.15.3.11'));
    expect(first.members.gatewayAt(dotted('198.51.100.11'))).toBe(dotted('10.15.3.11'));
    expect(first.members.gatewayAt(dotted('192.0.2.12'))).toBeUndefined();
    expect(await answererWith({ tunnelEnds, grants: false })).toBeUndefined();
    expect(await answererWith({ tunnelEnds: [], grants: true })).toBeUndefined();
    expect(await answererWith({ tunnelEnds, grants: true })).toBe(dotted('10.15.3.11'));
    expect(second.members.gatewayAt(host)).toBeUndefined(); // It is no other.
    await second.close();
    expect(first.members.gatewayAt(host)).toBeUndefined();
  });

  test('nobody is waited for because of a heartbeat that says something else there', async () => {
    const cluster = await born();
    const clock = new FakeClock();
    const first = await openSharedStore({ etcd: cluster.connect(), clock });
    for (const odd of [
      7,
      'x',
      { grants: true },
      { tunnelEnds: [7, 'nowhere'], grants: true },
      { tunnelEnds: ['192.0.2.11'], grants: 1 },
    ]) {
      const second = await openSharedStore({
        ...{ etcd: cluster.connect(), clock, place: 11 },
        placement: () => odd as never,
      });
      expect([...first.members.live]).toEqual([dotted('10.15.3.11')]);
      expect(first.members.gatewayAt(dotted('192.0.2.11'))).toBeUndefined();
      await second.close();
    }
  });

  test.each([
    ['the listen IP of another', { place: 10, node: 'pve9' }, AGREED, 'listen IP 10.15.3.10'],
    ['the node name of another', { place: 11, node: 'pve1' }, AGREED, 'node name pve1'],
    [
      'another rule of identity',
      { place: 11 },
      { GATEWAY_DHCP_IDENTITY: 'mac' },
      'GATEWAY_DHCP_IDENTITY is mac here',
    ],
  ])('one with %s is refused, by name', async (_, who, agreed, cause) => {
    const cluster = await born();
    const clock = new FakeClock();
    await openSharedStore({ etcd: cluster.connect(), clock, mustBeEqual: AGREED });
    const store = sharedStore({ etcd: cluster.connect(), clock, ...who });

    const contradiction = await ended(
      clock,
      store.serveAs(dotted(`10.15.3.${who.place}`), { mustBeEqual: agreed, shouldBeEqual: {} }),
    );

    expect(contradiction).toContain(cause);
    expect(store.leases.canPromise).toBe(false);
  });

  test('with other pools and times than each other grant all the same, and say which has what', async () => {
    const cluster = await born();
    const clock = new FakeClock();
    const open = (place: number, poolEnd: string) =>
      openSharedStore({
        ...{ etcd: cluster.connect(), clock, place, mustBeEqual: AGREED },
        shouldBeEqual: { GATEWAY_DHCP_POOL_END: poolEnd, GATEWAY_DHCP_DNS: '1.1.1.1' },
      });
    const gateways = new EtcdClusterPeers();
    gateways.store = await open(10, '10.15.3.254');
    const second = await open(11, '10.15.3.99');
    await open(12, '10.15.3.99');

    for (const store of [gateways.store, second]) expect(store.leases.canPromise).toBe(true);
    expect(gateways.problems).toEqual([
      {
        name: 'cluster',
        message: 'GATEWAY_DHCP_POOL_END is 10.15.3.254 on pve1 and 10.15.3.99 on pve2, pve3',
        remedy: 'set it equal on all of them',
      },
    ]);

    cluster.endEtcdLease('2');
    cluster.endEtcdLease('3');
    expect(gateways.problems).toEqual([]);
  });

  test('a heartbeat that has run out is told of by the others, with node and address, and never by the node itself', async () => {
    const cluster = await born();
    const clock = new FakeClock();
    const gateways = await Promise.all(
      [10, 11].map(async (place) => {
        const peers = new EtcdClusterPeers();
        peers.store = await openSharedStore({ etcd: cluster.connect(), clock, place });
        return peers;
      }),
    );
    clock.stall(6000);

    cluster.endEtcdLease('1');
    cluster.endEtcdLease('2');

    expect(gateways.map(({ figures }) => figures.gone)).toEqual([
      { pve2: '10.15.3.11' },
      { pve1: '10.15.3.10' },
    ]);
    expect(gateways.map(({ problems }) => problems.map(({ name }) => name))).toEqual([
      ['gateway-gone'],
      ['gateway-gone'],
    ]);
  });

  test('one whose setting is changed says what it has now, also before its heartbeat does', async () => {
    const cluster = await born();
    const clock = new FakeClock();
    const shouldBeEqual = { GATEWAY_DHCP_LEASE_TIME: '43200' };
    await openSharedStore({ etcd: cluster.connect(), clock, place: 11, shouldBeEqual });
    await openSharedStore({ etcd: cluster.connect(), clock, shouldBeEqual });
    const changed = await openSharedStore({
      ...{ etcd: cluster.connect(), clock, random: () => 0.25 },
      shouldBeEqual: { GATEWAY_DHCP_LEASE_TIME: '3600' },
    });

    expect(changed.members.differences).toEqual([
      {
        message: 'GATEWAY_DHCP_LEASE_TIME is 3600 on pve1 and 43200 on pve2',
        remedy: 'set it equal on all of them',
      },
    ]);
  });

  test('one that is started again takes the place of the one before it at once', async () => {
    const cluster = await born();
    const clock = new FakeClock();
    await openSharedStore({ etcd: cluster.connect(), clock, mustBeEqual: AGREED });
    const again = sharedStore({ etcd: cluster.connect(), clock, random: () => 0.25 });

    expect(
      await again.serveAs(dotted('10.15.3.10'), { mustBeEqual: AGREED, shouldBeEqual: {} }),
    ).toBeUndefined();
    expect(again.leases.canPromise).toBe(true);
  });

  test('a predecessor under another name is waited for, as long as its heartbeat may last', async () => {
    const cluster = await born();
    const clock = new FakeClock();
    await openSharedStore({ etcd: cluster.connect(), clock });
    const renamed = sharedStore({ etcd: cluster.connect(), clock, node: 'new-name' });
    const claim = renamed.serveAs(dotted('10.15.3.10'), { mustBeEqual: {}, shouldBeEqual: {} });
    await clock.pass(8000);
    cluster.endEtcdLease('1');

    expect(await ended(clock, claim)).toBeUndefined();
    expect(renamed.leases.canPromise).toBe(true);
  });

  test('two that keep beating under one name stop granting, and say so', async () => {
    const cluster = await born();
    const clock = new FakeClock();
    const one = await openSharedStore({ etcd: cluster.connect(), clock });
    const other = await openSharedStore({ etcd: cluster.connect(), clock, random: () => 0.25 });
    for (let second = 0; second < 15; second += 1) {
      await clock.pass(1000);
      for (const store of [one, other]) store.idle();
      await settle();
    }

    expect(one.failure).toContain('node name pve1');
    expect(one.leases.canPromise).toBe(false);
  });
});

test('a gateway that has taken up other settings says so to the others at once', async () => {
  const cluster = await born();
  const clock = new FakeClock();
  const pool = (poolEnd: string) => ({
    mustBeEqual: AGREED,
    shouldBeEqual: { GATEWAY_DHCP_POOL_END: poolEnd },
  });
  const first = await openSharedStore({ etcd: cluster.connect(), clock, ...pool('10.15.3.200') });
  const second = await openSharedStore({ etcd: cluster.connect(), clock, place: 11, ...pool('10.15.3.254') });
  const before = [first, second].map(({ members }) => members.differences.length);

  second.describe(pool('10.15.3.200'));
  await settle();

  expect(before).toEqual([1, 1]);
  expect([first, second].map(({ members }) => members.differences.length)).toEqual([0, 0]);
});

describe('while etcd has no space', () => {
  test.each([
    { full: 'but for nested puts', says: 'and their heartbeats are written, as leases are', at: 15_000 },
    { full: 'wholly', says: 'though no heartbeat can be written', at: 0 },
  ] as const)('the gateways stay alive for each other, $says', async ({ full, at }) => {
    const cluster = await born();
    const clock = new FakeClock();
    const begin = clock.now();
    const one = await openSharedStore({ etcd: cluster.connect(), clock });
    const other = await openSharedStore({ etcd: cluster.connect(), clock, place: 11 });
    cluster.full = full;
    for (let second = 0; second < 16; second += 1) {
      await clock.pass(1000);
      for (const store of [one, other]) store.idle();
      await settle();
      if (second % 5 === 4) cluster.lapse();
    }

    expect([...one.members.live]).toEqual([dotted('10.15.3.11')]);
    expect([...other.members.live]).toEqual([dotted('10.15.3.10')]);
    const [beat] = heartbeatsIn(new Keys(SEGMENT), cluster.keys);
    expect((beat?.at ?? 0) - begin).toBe(at);
  });

  test('one that is started again is alive at once, with the lease of the process before it', async () => {
    const cluster = await born();
    const clock = new FakeClock();
    const one = await openSharedStore({ etcd: cluster.connect(), clock });
    const other = await openSharedStore({ etcd: cluster.connect(), clock, place: 11 });
    cluster.full = 'but for nested puts';
    cluster.alarms.push({ memberId: '1', kind: 'no-space' });
    await clock.pass(1000);
    for (const store of [one, other]) store.idle();
    await settle();
    cluster.lapse();
    await other.close();
    await openSharedStore({ etcd: cluster.connect(), clock, place: 11, random: () => 0.25 });
    cluster.keptAlive.add('1');
    cluster.lapse();

    expect([...one.members.live]).toEqual([dotted('10.15.3.11')]);
  });
});

describe('clocks', () => {
  test.each([
    ['agree', 0, true],
    ['differ by less than a minute', 59_000, true],
    ['differ by more', -61_000, false],
  ])('that %s are seen to, by the newest heartbeat', async (_, milliseconds, agree) => {
    const { agreedAt } = await seen(milliseconds, 2);

    expect(agreedAt).toBe(agree ? 6000 : undefined);
  });

  test.each([
    ['back', -3_600_000],
    ['forward', 3_600_000],
  ])('agree no more the moment that this one is set %s, before another heartbeat comes', async (_, step) => {
    const cluster = await born();
    const [clock, other] = [new FakeClock(), new FakeClock()];
    const { members } = await openSharedStore({ etcd: cluster.connect(), clock });
    const second = await openSharedStore({ etcd: cluster.connect(), clock: other, place: 11 });
    await other.pass(3000);
    second.idle();
    await settle();
    const before = members.clocks.agrees;

    clock.jump(step);

    expect([before, members.clocks.agrees, members.clocks.differs]).toEqual([true, false, true]);
  });

  /** What the first gateway makes of a second one whose clock is so far ahead, after so many heartbeats. */
  async function seen(milliseconds: number, beats = 6): Promise<EtcdClusterPeers> {
    const cluster = await born();
    const clock = new FakeClock();
    const skewed = {
      now: () => instant(clock.now() + milliseconds),
      monotonic: () => clock.monotonic(),
      after: clock.after.bind(clock),
    };
    const gateways = new EtcdClusterPeers();
    gateways.store = await openSharedStore({ etcd: cluster.connect(), clock });
    const second = await openSharedStore({ etcd: cluster.connect(), clock: skewed, place: 11 });
    for (let beat = 0; beat < beats; beat += 1) {
      await clock.pass(3000);
      second.idle();
      await settle();
    }
    return gateways;
  }

  test.each([
    { milliseconds: 90_000, warning: 'the clock of pve2 is 90 s ahead, and no lease ends by it here' },
    { milliseconds: -90_000, warning: 'the clock of pve2 is 90 s behind, and no lease ends by it here' },
    { milliseconds: 6000, warning: 'the clock of pve2 is 6 s ahead' },
    { milliseconds: 4000, warning: undefined },
  ])('that differ by $milliseconds ms are seen to', async ({ milliseconds, warning }) => {
    const { problems } = await seen(milliseconds);

    expect(problems).toEqual(
      warning === undefined ? [] : [expect.objectContaining({ message: expect.stringContaining(warning) })],
    );
  });

  test('that were heard once or twice say nothing yet', async () => {
    expect((await seen(90_000, 1)).problems).toEqual([]);
  });
});

test('a heartbeat that no version of ours wrote is nobody', () => {
  const cluster = new MemoryCluster();
  const keys = new Keys(SEGMENT);
  const key = keys.ofGateway('pve7');
  for (const text of ['', '{', '{"node":1}', '[]', 'null']) {
    cluster.transact({ compare: [], success: [{ kind: 'put', key, value: Buffer.from(text) }], failure: [] });
    const etcd = cluster.connect();
    const members = new Members({
      ...{ etcd, keys, clock: new FakeClock(), node: 'pve1', instance: 'x', compacts: true },
      mirror: () => ({ birth: '', revision: 0 }),
    });
    members.learnAll(cluster.keys);

    expect(members.live.size).toBe(0);
  }
});
