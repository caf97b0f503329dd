import { describe, expect, test } from 'vitest';
import { Keys } from '../../../src/store/etcd/keys/keys.ts';
import { FakeClock } from '../../support/clock.ts';
import { MemoryCluster } from '../../support/memory-etcd.ts';
import { beginSegment, openSharedStore, SEGMENT } from '../../support/shared-store.ts';
import { address, bind, client, offer } from '../changes.ts';

const A = address('10.15.3.20');
const KEYS = new Keys(SEGMENT);

describe('a client whose key says what is no address', () => {
  test.each(['', 'elsewhere', '0.0.0.0', '{"address":"10.15.3.21"}'])('gets one: %j', async (text) => {
    const cluster = new MemoryCluster();
    const etcd = cluster.connect();
    await beginSegment(etcd);
    const key = KEYS.ofClient(client(1));
    await etcd.transact({
      compare: [],
      success: [{ kind: 'put', key, value: Buffer.from(text) }],
      failure: [],
    });
    const store = await openSharedStore({ etcd, clock: new FakeClock() });

    const outcomes = [
      await offer(store, { client: 1, address: A }),
      await bind(store, { client: 1, address: A }),
    ];

    expect(outcomes).toEqual(['committed', 'committed']);
    expect(Buffer.from(cluster.keys.get(key)?.value ?? []).toString()).toBe('10.15.3.20');
  });
});
