import { describe, expect, test } from 'vitest';
import { instant } from '../../../src/lease/lease.ts';
import type { Etcd } from '../../../src/store/etcd/client/etcd.ts';
import type { EtcdStore } from '../../../src/store/etcd/etcd-store.ts';
import { FakeClock, settle } from '../../support/clock.ts';
import { MemoryCluster } from '../../support/memory-etcd.ts';
import { reservationOf } from '../../support/reservations.ts';
import { beginSegment, openSharedStore } from '../../support/shared-store.ts';
import { address, bind, reservationChange, take } from '../changes.ts';

const LENGTH = 120_000;
/** A process stands still for so long: milliseconds. */
const STALL = 90_000;
/** The longest that a gateway that is well does not ask etcd, and waits for what it asked to be told: milliseconds. */
const LAG = 7000;
const A = address('10.15.3.20');

interface Gateway {
  readonly store: EtcdStore;
  readonly clock: FakeClock;
}

async function gateway(cluster: MemoryCluster, clock: FakeClock, place: number, etcd = cluster.connect()) {
  await beginSegment(cluster.connect());
  return { store: await openSharedStore({ etcd, clock, place }), clock };
}

/** Second by second, as a process that is well. */
async function beat(milliseconds: number, ...gateways: readonly Gateway[]): Promise<void> {
  for (let passed = 0; passed < milliseconds; passed += 1000) {
    for (const { store } of gateways) store.idle();
    await settle();
    for (const clock of new Set(gateways.map((each) => each.clock))) await clock.pass(1000);
  }
}

function lease({ store, clock }: Gateway) {
  return bind(store, { client: 1, address: A, at: clock.now(), expiresAt: instant(clock.now() + LENGTH) });
}

/** For how long the lease is promised from now on. */
function promised({ store, clock }: Gateway): number {
  return store.leases.promisedUntil(A) - clock.now();
}

/** The process stands still when a change has been written, until after its answer has come. */
function standingStill(etcd: Etcd, cluster: MemoryCluster, clock: FakeClock, isNow: () => boolean): Etcd {
  const transact = etcd.transact.bind(etcd);
  etcd.transact = async (transaction) => {
    const answer = await transact(transaction);
    if (isNow()) {
      await clock.pass(STALL);
      cluster.isWatchStalled = false;
    }
    return answer;
  };
  return etcd;
}

describe('a lease is promised for no longer than its length since it was written', () => {
  test('though this process stood still before it saw that its own change was committed', async () => {
    const [cluster, clock] = [new MemoryCluster(), new FakeClock()];
    let isNow = false;
    const etcd = standingStill(cluster.connect(), cluster, clock, () => isNow);
    const own = await gateway(cluster, clock, 10, etcd);
    await beat(10_000, own);
    cluster.isWatchStalled = true;
    isNow = true;

    expect(await lease(own)).toBe('committed');

    isNow = false;
    expect(promised(own)).toBeLessThanOrEqual(LENGTH - STALL);
    expect(promised(own)).toBeGreaterThan(LENGTH - STALL - LAG);
    clock.jump(-LENGTH); // The wall clock's word alone is not taken for it.
    expect(promised(own)).toBeLessThanOrEqual(LENGTH - STALL);
  });

  test.each(['the watch', 'a new snapshot'])(
    "though another's is known late, by %s, and its key has been written again since",
    async (by) => {
      const [cluster, clock] = [new MemoryCluster(), new FakeClock()];
      const [here, there] = [await gateway(cluster, clock, 10), await gateway(cluster, clock, 11)];
      await beat(10_000, here, there);
      cluster.isWatchStalled = true;
      await lease(there);
      await beat(STALL, here, there);
      const change = reservationChange(there.store, reservationOf('web', '10.15.3.20'));
      expect(await take(there.store, change)).toBe('committed');
      await beat(4000, here, there);

      if (by === 'the watch') {
        cluster.isWatchStalled = false;
        cluster.deliver();
      } else {
        cluster.loseWatches();
        cluster.isWatchStalled = false;
        await beat(2000, here, there);
      }

      expect(here.store.leases.recordAt(A)?.state).toBe('bound');
      expect(promised(here)).toBeLessThanOrEqual(LENGTH - STALL);
      expect(promised(here)).toBeGreaterThan(LENGTH - STALL - 2 * LAG);
    },
  );

  test('and by no more than some seconds for less, where all is well', async () => {
    const [cluster, clock] = [new MemoryCluster(), new FakeClock()];
    const [here, there] = [await gateway(cluster, clock, 10), await gateway(cluster, clock, 11)];
    await beat(60_000, here, there);

    await lease(there);

    for (const each of [here, there]) {
      expect(promised(each)).toBeLessThanOrEqual(LENGTH);
      expect(promised(each)).toBeGreaterThan(LENGTH - LAG);
    }
  });
});
