import { execFileSync } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../../src/lease/system-clock.ts';
import { GrpcEtcd } from '../../../../src/store/etcd/client/grpc-etcd.ts';
import type { EtcdStore } from '../../../../src/store/etcd/etcd-store.ts';
import { heartbeatsIn } from '../../../../src/store/etcd/keys/heartbeat.ts';
import { Keys } from '../../../../src/store/etcd/keys/keys.ts';
import { readSnapshot } from '../../../../src/store/etcd/keys/snapshot.ts';
import { whyNotCompact } from '../../../../src/store/etcd/membership/etcd-maintenance.ts';
import { sharingProblemToText } from '../../../../src/store/etcd/membership/sharing-problem.ts';
import { alarmsOf } from '../../../../src/store/etcd/membership/space.ts';
import { EtcdProcesses, hasEtcd } from '../../../support/etcd-process.ts';
import { at as dotted } from '../../../support/plan.ts';
import {
  beginSegment,
  openSharedStore,
  SEGMENT,
  type SharedStoreOptions,
} from '../../../support/shared-store.ts';
import { address, at, bind, changeOf } from '../../changes.ts';

const why = hasEtcd() ? '' : ' [not here: etcd missing: apt-get install etcd-server]';
const describeEtcd = why === '' ? describe : describe.skip;
const MIB = 1024 * 1024;
const ALL_IS_WELL: readonly string[] = [];

describeEtcd(`an etcd with little space${why}`, () => {
  const ends: (() => unknown)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  async function start(quota: number): Promise<{ readonly cluster: EtcdProcesses; readonly etcd: GrpcEtcd }> {
    const cluster = await EtcdProcesses.start({ flags: [`--quota-backend-bytes=${quota}`] });
    ends.push(() => cluster.close());
    const etcd = connect(cluster);
    await cluster.until(() => etcd.range('a', 'b'));
    await beginSegment(etcd);
    return { cluster, etcd };
  }

  function connect({ endpoints }: EtcdProcesses): GrpcEtcd {
    const etcd = new GrpcEtcd({ endpoints, clock: systemClock });
    ends.push(() => etcd.close());
    return etcd;
  }

  /** A gateway's store, which the server would ask once a second to do what is due. */
  async function open(options: Omit<SharedStoreOptions, 'clock'>): Promise<EtcdStore> {
    const store = await openSharedStore({ clock: systemClock, ...options });
    const timer = setInterval(() => store.idle(), 1000);
    ends.push(
      () => store.close(),
      () => clearInterval(timer),
    );
    return store;
  }

  test('that is full says NOSPACE with the commands that mend it; leases and heartbeats go on alike', async () => {
    const { cluster, etcd } = await start(2_000_000);
    const one = await open({ etcd: connect(cluster), quota: 2_000_000 });
    await open({ etcd: connect(cluster), quota: 2_000_000, place: 11 });
    const value = Buffer.alloc(90_000, 'x');
    const fill = async (number: number): Promise<unknown> =>
      etcd.transact({
        compare: [],
        success: [{ kind: 'put', key: `/vps-gateway/x${number}`, value }],
        failure: [],
      });
    let refusal = '';
    for (let number = 0; refusal === '' && number < 400; number += 1)
      await fill(number % 5).catch((error: Error) => {
        refusal = error.message;
      });
    const fullAt = Date.now();

    expect(refusal).toContain('database space exceeded');
    // A gateway that starts now looks at once.
    const late = await open({ etcd: connect(cluster), quota: 2_000_000, place: 12 });
    const [problem = ''] = await cluster.until(async () => {
      expect(late.spaceProblems).not.toEqual(ALL_IS_WELL);
      return late.spaceProblems.map(sharingProblemToText);
    });
    expect(problem).toContain(`alarm NOSPACE of ${cluster.endpoints[0]}`);
    expect(await bind(one, { client: 1, address: address('10.15.3.20') })).toBe('committed');
    await cluster.until(async () => {
      const gateways = heartbeatsIn(new Keys(SEGMENT), (await readSnapshot(etcd, new Keys(SEGMENT))).found);
      expect(gateways.filter((gateway) => gateway.at > fullAt).map(({ node }) => node)).toEqual([
        'pve1',
        'pve2',
      ]);
    });
    expect([...one.members.live]).toContain(dotted('10.15.3.11'));

    const commands = [...problem.matchAll(/`([^`]*)`/g)].map(([, command = '']) => command);
    for (const command of commands)
      execFileSync('sh', ['-c', command], {
        env: { ...process.env, ETCDCTL_API: '3', ETCDCTL_ENDPOINTS: cluster.endpoints.join(',') },
        stdio: 'pipe',
      });

    expect(commands).toHaveLength(3);
    expect(await etcd.alarms()).toEqual([]);
    await fill(1);
    const next = await open({ etcd: connect(cluster), quota: 2_000_000, place: 13 });
    await cluster.until(async () => expect(next.members.live.size).toBe(3));
    expect(next.spaceProblems).toEqual(ALL_IS_WELL);
  }, 60_000);

  test('tells a user who may not see all keys that the gateways do not compact; sizes and alarms he sees', async () => {
    const { cluster, etcd } = await start(32 * MIB);
    const control = (...words: readonly string[]) =>
      execFileSync('etcdctl', ['--endpoints', cluster.endpoints.join(','), ...words], {
        env: { ...process.env, ETCDCTL_API: '3' },
        stdio: 'pipe',
      });
    const alone = await whyNotCompact(etcd);
    control('put', 'zebra', 'x');
    const behind = await whyNotCompact(etcd);
    control('put', '/registry/pod', 'x');
    const before = await whyNotCompact(etcd);
    for (const words of [
      'user add root:secret',
      'user add gw:secret',
      'role add gw',
      'user grant-role gw gw',
    ])
      control(...words.split(' '));
    control('role', 'grant-permission', 'gw', '--prefix=true', 'readwrite', '/vps-gateway/');
    control('auth', 'enable');
    const limited = new GrpcEtcd({
      ...{ endpoints: cluster.endpoints, clock: systemClock },
      user: { name: 'gw', password: 'secret' },
    });
    ends.push(() => limited.close());

    expect([alone, behind, before]).toEqual([
      undefined,
      expect.stringContaining('"zebra"'),
      expect.stringContaining('"/registry/pod"'),
    ]);
    expect(await whyNotCompact(limited)).toContain('this user may not see');
    expect((await limited.statuses()).map(({ status }) => (status?.usedBytes ?? 0) > 0)).toEqual([true]);
    expect(await alarmsOf(limited)).toEqual([]);
    await limited.compact((await limited.status()).revision);
  }, 30_000);

  test('is never filled by what guests do, though it keeps its past, and nobody has said how little space it has', async () => {
    const { cluster, etcd } = await start(32 * MIB);
    const store = await open({ etcd: connect(cluster) });
    const hostname = 'x'.repeat(200);
    const sizes: number[] = [];
    const began = Date.now();
    const end = began + 90_000;
    let changes = 0;
    for (let round = 0; changes < 45_000 && Date.now() < end; round += 1) {
      const state = round % 2 === 0 ? 'bound' : 'free';
      const batches = [0, 1].map((half) =>
        Array.from({ length: 64 }, (_, index) => {
          const number = half * 64 + index;
          const place = address(`10.15.3.${20 + number}`);
          return changeOf(store.leases, {
            client: number + 1,
            address: place,
            state,
            at: at(round),
            hostname,
          });
        }),
      );
      const outcomes = await Promise.all(batches.map((batch) => store.commit(batch)));
      changes += outcomes.flat().filter((outcome) => outcome === 'committed').length;
      // Not faster than 3,000 a second: more than three gateways have been seen to do.
      await delay(Math.max(0, began + changes / 3 - Date.now()));
      if (round % 20 === 0) sizes.push((await etcd.status()).databaseBytes);
    }

    expect(changes).toBeGreaterThan(20_000);
    expect(await etcd.alarms()).toEqual([]);
    expect(Math.max(...sizes)).toBeLessThan(32 * MIB);
  }, 120_000);
});
