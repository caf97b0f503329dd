import { describe, expect, test } from 'vitest';
import type { Ipv4 } from '../../../src/net/ipv4.ts';
import type { EtcdStore } from '../../../src/store/etcd/etcd-store.ts';
import { FakeClock, settle } from '../../support/clock.ts';
import { MemoryCluster } from '../../support/memory-etcd.ts';
import { putOlderOffer } from '../../support/older-offer.ts';
import { at as dotted } from '../../support/plan.ts';
import { SeededRandom } from '../../support/random.ts';
import { beginSegment, openSharedStore } from '../../support/shared-store.ts';
import { address, at, bind, changeOf, client } from '../changes.ts';
import { leaseStoreContract } from '../lease-store.contract.ts';

const A = address('10.15.3.20');
const B = address('10.15.3.21');

/** A gateway's store on a cluster that was born; it has read all leases. */
async function gateway(
  cluster: MemoryCluster,
  place = 10,
  clock = new FakeClock(),
  inFlight = new Set<Ipv4>(),
): Promise<EtcdStore> {
  const etcd = cluster.connect();
  if (!cluster.isDown) await beginSegment(etcd);
  return openSharedStore({ etcd, clock, place, inFlight });
}

leaseStoreContract(
  'etcd, over a model of it,',
  (inFlight) => gateway(new MemoryCluster(), 10, new FakeClock(), inFlight),
  dotted('10.15.3.10'),
);

describe('two gateways on one etcd', () => {
  test('of two that grant one address at one moment one wins, and the other knows who', async () => {
    const cluster = new MemoryCluster();
    const first = await gateway(cluster);
    const second = await gateway(cluster, 11);
    cluster.isWatchStalled = true;

    const outcomes = [
      await bind(first, { client: 1, address: A }),
      await bind(second, { client: 2, address: A }),
    ];

    expect(outcomes).toEqual(['committed', 'conflict']);
    expect(first.leases.at(A)).toMatchObject({ client: client(1), granter: dotted('10.15.3.10') });
    expect(second.leases.at(A)).toMatchObject({ client: client(1), granter: dotted('10.15.3.10') });
  });

  // A renewal moves the key of the address alone: the client's own key points there as before.
  test('a client whose lease the other has renewed meanwhile gets no second one', async () => {
    const cluster = new MemoryCluster();
    const first = await gateway(cluster);
    const second = await gateway(cluster, 11);
    await bind(first, { client: 1, address: A, expiresAt: at(10) });
    cluster.isWatchStalled = true;
    await bind(first, { client: 1, address: A, at: at(9), expiresAt: at(1000), reason: 'renewed' });

    expect(second.leases.at(A)?.expiresAt).toBe(at(10));
    expect(await bind(second, { client: 1, address: B, at: at(20) })).toBe('conflict');
    expect(second.leases.bindingOf(client(1))).toMatchObject({ address: A, updatedAt: at(9) });
    expect(second.leases.at(B)).toBeUndefined();
  });

  test('a client is not refused by a lease of its own that it has given back at the other', async () => {
    const cluster = new MemoryCluster();
    const first = await gateway(cluster);
    const second = await gateway(cluster, 11);
    await bind(first, { client: 1, address: A });
    cluster.isWatchStalled = true;
    await bind(first, { client: 1, address: A, state: 'free', reason: 'released' });

    const check = changeOf(second.leases, {
      client: 1,
      address: B,
      state: 'precondition-only',
      kind: 'check',
    });

    expect(second.leases.bindingOf(client(1))?.state).toBe('bound');
    expect(await second.commit([check])).toEqual(['conflict']);
    expect(second.leases.bindingOf(client(1))?.state).toBe('free');
  });

  test('a refusal by what is no more so is no refusal', async () => {
    const cluster = new MemoryCluster();
    const first = await gateway(cluster);
    const second = await gateway(cluster, 11);
    await bind(first, { client: 1, address: A });
    cluster.isWatchStalled = true;
    await bind(first, { client: 1, address: A, state: 'free', reason: 'released' });

    const check = changeOf(second.leases, {
      client: 2,
      address: A,
      state: 'precondition-only',
      kind: 'check',
    });

    expect(second.leases.at(A)?.state).toBe('bound');
    expect(await second.commit([check])).toEqual(['conflict']);
    expect(second.leases.at(A)?.state).toBe('free');
  });

  test('what one does the other hears: a lease, and its end', async () => {
    const cluster = new MemoryCluster();
    const first = await gateway(cluster);
    const second = await gateway(cluster, 11);

    await bind(first, { client: 1, address: A });
    const during = second.leases.at(A)?.state;
    await bind(first, { client: 1, address: A, state: 'free', reason: 'released' });

    expect([during, second.leases.at(A)?.state]).toEqual(['bound', 'free']);
    expect(second.leases.bindingOf(client(1))?.address).toBe(A);
  });

  test('an address that another client takes over leaves its last holder without one', async () => {
    const cluster = new MemoryCluster();
    const first = await gateway(cluster);
    const second = await gateway(cluster, 11);
    await bind(first, { client: 1, address: A, expiresAt: at(10) });

    await bind(second, { client: 2, address: A, at: at(20) });
    const outcome = await bind(first, { client: 1, address: B, at: at(21) });

    expect(outcome).toBe('committed');
    expect([...cluster.keys.keys()].filter((key) => /\/(cl|ip)\//.test(key)).sort()).toEqual([
      `/vps-gateway/tenant-1/cl/${client(1)}`,
      `/vps-gateway/tenant-1/cl/${client(2)}`,
      '/vps-gateway/tenant-1/ip/10.15.3.20',
      '/vps-gateway/tenant-1/ip/10.15.3.21',
    ]);
    expect(second.leases.bindingOf(client(1))?.address).toBe(B);
  });

  test('a client that loses an address and one that takes it may be in one batch with it', async () => {
    const cluster = new MemoryCluster();
    const store = await gateway(cluster);
    await bind(store, { client: 1, address: A, expiresAt: at(10) });

    const outcomes = await store.commit([
      changeOf(store.leases, { client: 2, address: A, at: at(20) }),
      changeOf(store.leases, { client: 1, address: B, at: at(20) }),
    ]);

    expect(outcomes).toEqual(['committed', 'conflict']); // The second one finds its client's key gone, and is decided again.
    expect(store.leases.at(A)?.client).toBe(client(2));
  });

  // The client's key is what keeps two gateways from giving it two leases.
  test('the end of what a client has left behind leaves its key where its lease is', async () => {
    const cluster = new MemoryCluster();
    const store = await gateway(cluster);
    await bind(store, { client: 1, address: A, state: 'declined', reason: 'declined', expiresAt: at(10) });
    await bind(store, { client: 1, address: B, at: at(5) });
    await bind(store, { client: 1, address: A, at: at(20), state: 'free', reason: 'expired' });
    const key = cluster.keys.get(`/vps-gateway/tenant-1/cl/${client(1)}`);
    expect(Buffer.from(key?.value ?? []).toString()).toBe('10.15.3.21');

    await bind(store, { client: 2, address: A, at: at(30) });

    expect(cluster.keys.get(`/vps-gateway/tenant-1/cl/${client(1)}`)).toEqual(key);
  });

  test('another segment on the same etcd is another world', async () => {
    const cluster = new MemoryCluster();
    const store = await gateway(cluster);
    await bind(store, { client: 1, address: A });
    const etcd = cluster.connect();
    await beginSegment(etcd, 'tenant-2');
    const other = await openSharedStore({ etcd, segment: 'tenant-2', clock: new FakeClock() });

    expect(other.leases.at(A)).toBeUndefined();
    expect(await bind(other, { client: 2, address: A })).toBe('committed');
  });

  test('300 clients race through three gateways for 235 addresses: none is given twice', async () => {
    const cluster = new MemoryCluster();
    const stores = [await gateway(cluster), await gateway(cluster, 11), await gateway(cluster, 12)];
    const random = new SeededRandom(7);
    cluster.isWatchStalled = true;
    const owners = new Map<Ipv4, number>();
    let full = 0;
    for (let number = 0; number < 300; number += 1) {
      const store = random.pick(stores as [EtcdStore, ...EtcdStore[]]);
      if (random.chance(10)) {
        cluster.isWatchStalled = false;
        cluster.deliver();
        cluster.isWatchStalled = true;
      }
      const range = { first: A, last: address('10.15.3.254'), excluded: new Set<Ipv4>() };
      for (;;) {
        const free = store.leases.longestFree(range);
        if (free === undefined) {
          full += 1;
          break;
        }
        if ((await bind(store, { client: number, address: free })) !== 'committed') continue;
        expect(owners.has(free)).toBe(false);
        owners.set(free, number);
        break;
      }
    }

    expect(owners.size).toBe(235);
    expect(full).toBe(65);
  });
});

describe('when etcd does not answer', () => {
  /** Lets the clock run until the promise has ended. */
  async function ended<Value>(clock: FakeClock, promise: Promise<Value>): Promise<Value> {
    let isOver = false;
    void promise.finally(() => {
      isOver = true;
    });
    for (let step = 0; step < 200 && !isOver; step += 1) await clock.pass(50);
    return promise;
  }

  test('a change whose answer was lost is sent again, and known by its mark to have happened once', async () => {
    const cluster = new MemoryCluster();
    const clock = new FakeClock();
    const store = await gateway(cluster, 10, clock);
    cluster.mishaps.push('answer lost', 'answer lost');

    const outcome = await ended(clock, bind(store, { client: 1, address: A }));

    expect(outcome).toBe('committed');
    expect(store.leases.at(A)?.client).toBe(client(1));
    expect(store.leases.canPromise).toBe(true);
  });

  test('one that never happened happens by the second attempt', async () => {
    const cluster = new MemoryCluster();
    const clock = new FakeClock();
    const store = await gateway(cluster, 10, clock);
    cluster.mishaps.push('never happens');

    expect(await ended(clock, bind(store, { client: 1, address: A }))).toBe('committed');
  });

  test('without an answer for three seconds it is unknown, nothing may be promised, and it says why', async () => {
    const cluster = new MemoryCluster();
    const clock = new FakeClock();
    const store = await gateway(cluster, 10, clock);
    cluster.isDown = true;

    const outcome = await ended(clock, bind(store, { client: 1, address: A }));

    expect(outcome).toBe('unknown');
    expect(store.leases.canPromise).toBe(false);
    expect(store.failure).toBe('nobody answers');
    expect(store.leases.at(A)).toBeUndefined();
    cluster.isDown = false;
    await clock.pass(1000);
    store.idle();
    await settle();
    expect(store.leases.canPromise).toBe(true);
    expect(store.failure).toBeUndefined();
  });

  // 'failed' promises that nothing was written, and a decision may rest on that; here something was.
  test.each([
    ['answer lost', 'unknown', 'bound'],
    ['never happens', 'unknown', undefined],
  ] as const)(
    'a change whose first attempt ends as "%s" is %s when the second one is refused',
    async (mishap, outcome, written) => {
      const cluster = new MemoryCluster();
      const clock = new FakeClock();
      const store = await gateway(cluster, 10, clock);
      const other = await gateway(cluster, 11);
      cluster.mishaps.push(mishap, 'refused');

      expect(await ended(clock, bind(store, { client: 1, address: A }))).toBe(outcome);
      expect(other.leases.at(A)?.state).toBe(written);
    },
  );

  test('a change that is refused at once has failed: nothing is written', async () => {
    const cluster = new MemoryCluster();
    const store = await gateway(cluster);
    cluster.mishaps.push('refused');

    expect(await bind(store, { client: 1, address: A })).toBe('failed');
    expect(store.leases.at(A)).toBeUndefined();
  });

  test('a change whose answer was lost is unknown when etcd was put back to another generation before the second attempt', async () => {
    const cluster = new MemoryCluster();
    const clock = new FakeClock();
    const store = await gateway(cluster, 10, clock);
    cluster.mishaps.push('answer lost');
    const outcome = bind(store, { client: 1, address: A });
    await settle();
    cluster.empty();

    expect(await ended(clock, outcome)).toBe('unknown');
  });

  test('an attempt of another gateway that comes in between is a conflict, not ours', async () => {
    const cluster = new MemoryCluster();
    const clock = new FakeClock();
    const first = await gateway(cluster, 10, clock);
    const second = await gateway(cluster, 11);
    cluster.mishaps.push('never happens');
    const outcome = bind(first, { client: 1, address: A });
    await settle();
    await bind(second, { client: 2, address: A });

    expect(await ended(clock, outcome)).toBe('conflict');
    expect(first.leases.at(A)?.client).toBe(client(2));
  });

  test('a store that starts without it promises nothing until it has read all leases', async () => {
    const cluster = new MemoryCluster();
    const clock = new FakeClock();
    await bind(await gateway(cluster), { client: 1, address: A });
    cluster.isDown = true;
    const late = await gateway(cluster, 11, clock);
    const before = late.leases.canPromise;
    cluster.isDown = false;
    await clock.pass(1000);
    late.idle();
    await settle();

    expect(before).toBe(false);
    expect(late.leases.canPromise).toBe(true);
    expect(late.leases.at(A)?.client).toBe(client(1));
  });
});

describe('the watch', () => {
  test('goes on where it was lost, without a gap', async () => {
    const cluster = new MemoryCluster();
    const clock = new FakeClock();
    const first = await gateway(cluster);
    const second = await gateway(cluster, 11, clock);
    await bind(first, { client: 1, address: A });
    cluster.loseWatches();
    await bind(first, { client: 2, address: B });
    const before = second.leases.at(B);
    await clock.pass(1000);

    second.idle();
    await settle();

    expect(before).toBeUndefined();
    expect(second.leases.at(B)?.client).toBe(client(2));
  });

  test('after a compaction all is read anew, and what has gone meanwhile is gone', async () => {
    const cluster = new MemoryCluster();
    const clock = new FakeClock();
    const first = await gateway(cluster);
    const second = await gateway(cluster, 11, clock);
    putOlderOffer(cluster, { to: 1, of: A, begun: at(0) });
    cluster.isWatchStalled = true;
    const key = '/vps-gateway/tenant-1/ip/10.15.3.20';
    cluster.transact({ compare: [], success: [{ kind: 'delete', key }], failure: [] });
    await bind(first, { client: 2, address: B });
    cluster.loseWatches();
    cluster.compact();
    cluster.isWatchStalled = false;

    for (let second_ = 0; second_ < 3; second_ += 1) {
      await clock.pass(1000);
      second.idle();
      await settle();
    }

    expect(second.leases.at(A)).toBeUndefined();
    expect(second.leases.at(B)?.client).toBe(client(2));
  });

  test('an old event brings nothing back', async () => {
    const cluster = new MemoryCluster();
    const first = await gateway(cluster);
    const second = await gateway(cluster, 11);
    cluster.isWatchStalled = true;
    await bind(first, { client: 1, address: A, expiresAt: at(10) });
    await bind(second, { client: 2, address: A, at: at(20) }); // A conflict, which teaches it the first one's lease.
    expect(await bind(second, { client: 2, address: A, at: at(20) })).toBe('committed');

    cluster.isWatchStalled = false;
    cluster.deliver();

    expect(second.leases.at(A)?.client).toBe(client(2));
    expect(first.leases.at(A)?.client).toBe(client(2));
  });
});
