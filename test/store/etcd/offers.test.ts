import { describe, expect, test } from 'vitest';
import type { Ipv4 } from '../../../src/net/ipv4.ts';
import type { EtcdStore } from '../../../src/store/etcd/etcd-store.ts';
import { encodeGeneration } from '../../../src/store/etcd/keys/generation.ts';
import { Keys } from '../../../src/store/etcd/keys/keys.ts';
import { FakeClock, settle } from '../../support/clock.ts';
import { MemoryCluster } from '../../support/memory-etcd.ts';
import { OLDER_GATEWAY, putOlderOffer } from '../../support/older-offer.ts';
import { at as dotted } from '../../support/plan.ts';
import { beginSegment, openSharedStore, SEGMENT } from '../../support/shared-store.ts';
import { address, at, bind, changeOf, client, offer, take, withdraw } from '../changes.ts';

const A = address('10.15.3.20');
const B = address('10.15.3.21');
const KEYS = new Keys(SEGMENT);

async function gateway(cluster: MemoryCluster, place = 10, clock = new FakeClock()): Promise<EtcdStore> {
  const etcd = cluster.connect();
  await beginSegment(etcd);
  return openSharedStore({ etcd, clock, place });
}

/** The keys of addresses and clients in etcd. */
function leaseKeys(cluster: MemoryCluster): readonly string[] {
  return [...cluster.keys.keys()].filter((key) => /\/(cl|ip)\//.test(key)).sort();
}

describe('an offer', () => {
  test('is in the memory of its gateway: etcd is not written, and no other gateway knows of it', async () => {
    const cluster = new MemoryCluster();
    const first = await gateway(cluster);
    const second = await gateway(cluster, 11);
    const { revision } = cluster;

    const outcomes = [
      await offer(first, { client: 1, address: A }),
      await offer(second, { client: 2, address: A }),
    ];
    await withdraw(second, { client: 2, address: A });

    expect(outcomes).toEqual(['committed', 'committed']);
    expect([cluster.revision, leaseKeys(cluster)]).toEqual([revision, []]);
    expect(first.leases.offerTo(client(1))?.address).toBe(A);
    expect(second.leases.at(A)).toBeUndefined();
  });

  test('of one address to two clients by two gateways: who asks first gets it, and the other gateway knows who', async () => {
    const cluster = new MemoryCluster();
    const first = await gateway(cluster);
    const second = await gateway(cluster, 11);
    await offer(first, { client: 1, address: A });
    await offer(second, { client: 2, address: A });
    cluster.isWatchStalled = true;

    const outcomes = [
      await bind(second, { client: 2, address: A }),
      await bind(first, { client: 1, address: A }),
    ];

    expect(outcomes).toEqual(['committed', 'conflict']);
    expect(first.leases.at(A)).toMatchObject({ state: 'bound', client: client(2) });
    expect(first.leases.offerTo(client(1))).toBeUndefined();
  });

  test('of two addresses to one client by two gateways: it gets one lease', async () => {
    const cluster = new MemoryCluster();
    const first = await gateway(cluster);
    const second = await gateway(cluster, 11);
    await offer(first, { client: 1, address: A });
    await offer(second, { client: 1, address: B });
    cluster.isWatchStalled = true;

    const outcomes = [
      await bind(first, { client: 1, address: A }),
      await bind(second, { client: 1, address: B }),
    ];

    expect(outcomes).toEqual(['committed', 'conflict']);
    expect(second.leases.bindingOf(client(1))).toMatchObject({ address: A, state: 'bound' });
  });

  test('stays where a conflict shows that its address is as it was', async () => {
    const cluster = new MemoryCluster();
    const first = await gateway(cluster);
    const second = await gateway(cluster, 11);
    await offer(first, { client: 1, address: A });
    cluster.isWatchStalled = true;
    await bind(second, { client: 1, address: B });
    await bind(second, { client: 1, address: B, state: 'free', reason: 'released' });

    expect(await bind(first, { client: 1, address: A })).toBe('conflict');
    expect(first.leases.offerTo(client(1))?.address).toBe(A);
    expect(await bind(first, { client: 1, address: A })).toBe('committed');
  });

  test('is older than every change that is learnt after it, and newer than all before', async () => {
    const cluster = new MemoryCluster();
    const first = await gateway(cluster);
    const second = await gateway(cluster, 11);
    await bind(second, { client: 9, address: B });
    const before = first.leases.at(B)?.version ?? 0;
    for (let number = 0; number < 200_000; number += 1)
      first.resolveWithoutCommit(changeOf(first.leases, OFFER));
    const { version = 0 } = first.leases.at(A) ?? {};
    await bind(second, { client: 9, address: B, at: at(1) });

    expect(version).toBeGreaterThan(before);
    expect(version).toBeLessThan(first.leases.at(B)?.version ?? 0);
  });

  const OFFER = { kind: 'offer', client: 1, address: A, state: 'offered', reason: 'offered' } as const;

  test('rests on an answer of a majority within the last second; else etcd is asked before it leaves', async () => {
    const cluster = new MemoryCluster();
    const clock = new FakeClock();
    const store = await gateway(cluster, 10, clock);
    const { revision } = cluster;

    const atOnce = store.resolveWithoutCommit(changeOf(store.leases, OFFER));
    await clock.pass(1000);
    const later = store.resolveWithoutCommit(changeOf(store.leases, OFFER));
    const asked = await store.commit([changeOf(store.leases, { ...OFFER, client: 2, address: B })]);

    expect([atOnce, later, asked]).toEqual(['committed', 'needs-commit', ['committed']]);
    expect(store.leases.offerTo(client(2))?.address).toBe(B);
    expect(cluster.revision).toBe(revision);
    expect(store.resolveWithoutCommit(changeOf(store.leases, OFFER))).toBe('committed');
  });

  test('is made by no gateway that has been cut off for a second, not even of what its client has', async () => {
    const cluster = new MemoryCluster();
    const clock = new FakeClock();
    const store = await gateway(cluster, 10, clock);
    await bind(store, { client: 1, address: A });
    await clock.pass(1000);
    cluster.isDown = true;

    const offered = take(store, changeOf(store.leases, { ...OFFER, client: 2, address: B }));
    const again = take(store, changeOf(store.leases, { ...OFFER, state: 'precondition-only' }));
    await clock.pass(4000);

    expect(await Promise.all([offered, again])).toEqual(['unknown', 'unknown']);
    expect(store.leases.at(B)).toBeUndefined();
    expect(store.leases.canPromise).toBe(false);
  });

  test('that etcd shows to be of a taken address is a conflict', async () => {
    const cluster = new MemoryCluster();
    const clock = new FakeClock();
    const first = await gateway(cluster, 10, clock);
    const second = await gateway(cluster, 11);
    cluster.isWatchStalled = true;
    await bind(second, { client: 2, address: A });
    await clock.pass(1000);

    expect(await offer(first, { client: 1, address: A })).toBe('conflict');
    expect(first.leases.at(A)).toMatchObject({ state: 'bound', client: client(2) });
  });

  test('is void when another generation begins', async () => {
    const cluster = new MemoryCluster();
    const clock = new FakeClock();
    const store = await gateway(cluster, 10, clock);
    await offer(store, { client: 1, address: A });
    const value = encodeGeneration({
      ...{ id: 'second generation', at: 0, by: 'test' },
      replaces: ['first generation'],
    });
    cluster.transact({ compare: [], success: [{ kind: 'put', key: KEYS.generation, value }], failure: [] });
    for (let second = 0; second < 8; second += 1) {
      await clock.pass(1000);
      store.idle();
      await settle();
    }

    expect(store.leases.canPromise).toBe(true);
    expect(store.leases.at(A)).toBeUndefined();
  });
});

describe('an offer that an older version of the gateway has put into etcd', () => {
  test('keeps its address from others until it ends, whenever this gateway has learnt of it', async () => {
    const cluster = new MemoryCluster();
    const clock = new FakeClock(at(0));
    const before = await gateway(cluster, 10, clock);
    putOlderOffer(cluster, { to: 2, of: A, begun: at(0) });
    const after = await gateway(cluster, 11, clock);

    for (const store of [before, after]) {
      expect(store.leases.at(A)).toMatchObject({
        state: 'offered',
        client: client(2),
        granter: dotted(OLDER_GATEWAY),
      });
      expect(store.leases.longestFree({ first: A, last: B, excluded: new Set() })).toBe(B);
    }
    await clock.pass(30_000);
    before.sweep(clock.now(), 64);
    expect(before.leases.at(A)).toBeUndefined();
    expect(await bind(before, { client: 1, address: A, at: at(30) })).toBe('committed');
    expect(JSON.parse(textAt(cluster, A))).not.toHaveProperty('offer');
    expect(leaseKeys(cluster)).toEqual([KEYS.ofClient(client(1)), KEYS.ofAddress(A)]);
  });

  test('goes before this gateway’s own one, and its end leaves the record beneath it', async () => {
    const cluster = new MemoryCluster();
    const store = await gateway(cluster, 10, new FakeClock(at(100)));
    await bind(store, { client: 3, address: A, at: at(50) });
    await bind(store, { client: 3, address: A, at: at(60), state: 'free', reason: 'released' });
    await offer(store, { client: 1, address: A, at: at(100) });
    const { record } = JSON.parse(textAt(cluster, A)) as { record: object };
    putOlderOffer(cluster, { to: 2, of: A, begun: at(100), record });
    expect(store.leases.at(A)).toMatchObject({ state: 'offered', client: client(2) });

    const value = Buffer.from(JSON.stringify({ record, op: 'older, too' }));
    cluster.transact({
      compare: [],
      success: [{ kind: 'put', key: KEYS.ofAddress(A), value }],
      failure: [],
    });

    expect(store.leases.at(A)).toMatchObject({ state: 'free', client: client(3) });
  });

  test('is no lease of its client, which may be bound elsewhere', async () => {
    const cluster = new MemoryCluster();
    const store = await gateway(cluster, 10, new FakeClock(at(0)));
    putOlderOffer(cluster, { to: 1, of: A, begun: at(0) });

    expect(await bind(store, { client: 1, address: B })).toBe('committed');
    expect(store.leases.bindingOf(client(1))?.address).toBe(B);
    expect(Buffer.from(cluster.keys.get(KEYS.ofClient(client(1)))?.value ?? []).toString()).toBe(
      '10.15.3.21',
    );
  });
});

function textAt(cluster: MemoryCluster, wanted: Ipv4): string {
  return Buffer.from(cluster.keys.get(KEYS.ofAddress(wanted))?.value ?? []).toString();
}
