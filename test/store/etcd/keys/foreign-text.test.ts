import { describe, expect, test } from 'vitest';
import type { Ipv4 } from '../../../../src/net/ipv4.ts';
import { CLOCK_GRACE } from '../../../../src/store/etcd/keys/clock-grace.ts';
import { parseEntry } from '../../../../src/store/etcd/keys/entry.ts';
import { Keys } from '../../../../src/store/etcd/keys/keys.ts';
import { FakeClock, settle } from '../../../support/clock.ts';
import { ExchangeBench } from '../../../support/exchange-bench.ts';
import { Guest } from '../../../support/guest.ts';
import { MemoryCluster } from '../../../support/memory-etcd.ts';
import { MemoryMirror } from '../../../support/memory-mirror.ts';
import { ip } from '../../../support/packet.ts';
import { beginSegment, openSharedStore, SEGMENT } from '../../../support/shared-store.ts';
import { address, at, bind, changeOf, client, POOL } from '../../changes.ts';

const A = address('10.15.3.20');
const B = address('10.15.3.21');
const KEY = new Keys(SEGMENT).ofAddress(A);
const SERVER = '10.15.3.10';

async function born(): Promise<MemoryCluster> {
  const cluster = new MemoryCluster();
  await beginSegment(cluster.connect());
  return cluster;
}

function put(cluster: MemoryCluster, text: string): void {
  const value = Buffer.from(text);
  cluster.transact({ compare: [], success: [{ kind: 'put', key: KEY, value }], failure: [] });
}

function textIn(cluster: MemoryCluster): string | undefined {
  const found = cluster.keys.get(KEY);
  return found && Buffer.from(found.value).toString();
}

/** What the shell would hand to etcdctl as the value. */
function remedied(line: string | undefined): string {
  const { remedy } = JSON.parse(line?.slice(line.indexOf('{')) ?? '{}') as { remedy: string };
  const [, quoted = ''] = /etcdctl put '[^']*' '(.*)'$/.exec(remedy) ?? [];
  return quoted.replaceAll("'\\''", "'");
}

const FOREIGN = [
  '',
  'reserved for the printer',
  '{"lease":1}',
  '[]',
  'null',
  '{"op":"1","record":{"client":"x"}}',
];

describe('an address whose key holds foreign text', () => {
  test.each(FOREIGN)('is given to nobody, and the text stays: %j', async (text) => {
    const cluster = await born();
    put(cluster, text);
    const store = await openSharedStore({ etcd: cluster.connect(), clock: new FakeClock() });

    const outcomes = [
      await bind(store, { client: 1, address: A }),
      await bind(store, { client: 1, address: B }),
    ];

    expect(outcomes).toEqual(['conflict', 'committed']);
    expect(store.leases.at(A)).toMatchObject({ state: 'declined' });
    expect(store.leases.longestFree(POOL)).toBe(address('10.15.3.22'));
    expect(textIn(cluster)).toBe(text);
  });

  test('costs a client that asks for it no attempt: it is offered another, and its DHCPREQUEST refused', async () => {
    const cluster = await born();
    put(cluster, 'reserved for the printer');
    const clock = new FakeClock();
    const inFlight = new Set<Ipv4>();
    const store = await openSharedStore({ etcd: cluster.connect(), clock, inFlight });
    const bench = new ExchangeBench(store, inFlight, clock);
    bench.serverState.clusterPeers = { live: new Set(), graceMilliseconds: CLOCK_GRACE };
    const guest = new Guest('52:54:00:00:00:01');

    await bench.hear(guest.discover([[50, ...ip('10.15.3.20')]]));
    await bench.hear(guest.select('10.15.3.20', SERVER));

    expect(bench.record.decisions).toEqual([
      'DHCPDISCOVER offered committed',
      'DHCPREQUEST quarantined committed',
    ]);
    expect(bench.replies()[0]).not.toContain(' 10.15.3.20 ');
  });

  test('is warned of once for each revision of the key, with what is there in printable ASCII, shortened', async () => {
    const cluster = await born();
    put(cluster, `\u001b[31m${'ü'.repeat(100)}\n`);
    const said: string[] = [];
    const clock = new FakeClock();
    const store = await openSharedStore({ etcd: cluster.connect(), clock, said });
    await bind(store, { client: 1, address: A });
    await bind(store, { client: 2, address: A });
    cluster.loseWatches();
    await clock.pass(2000);
    store.idle();
    await settle();
    const once = said.length;

    put(cluster, 'still no lease');

    expect(once).toBe(1);
    expect(said).toHaveLength(2);
    expect(said[0]).toMatch(/^warn the key of an address in etcd holds no lease: /);
    expect(said[0]).toContain(`"key":"${KEY}"`);
    expect(said[0]).toContain(`"found":"?[31m${'?'.repeat(59)}... (106 characters)"`);
    expect(said[0]).toContain(`etcdctl get '${KEY}'`);
    expect(said[1]).toContain('"found":"still no lease"');
  });

  test('that was leased keeps its lease in the mirror, and the remedy puts it back', async () => {
    const cluster = await born();
    const said: string[] = [];
    const mirror = new MemoryMirror();
    const store = await openSharedStore({ etcd: cluster.connect(), clock: new FakeClock(), said, mirror });
    await bind(store, { client: 1, address: A, hostname: "ada's" });
    const before = parseEntry(textIn(cluster) ?? '');
    const changes = mirror.changes.length;

    put(cluster, 'oops');
    const during = [store.leases.at(A)?.state, store.leases.bindingOf(client(1))];
    const kept = mirror.leases().find((lease) => lease.address === A);
    put(cluster, remedied(said[0]));

    expect(during).toEqual(['declined', undefined]);
    expect(kept).toMatchObject({ client: client(1), state: 'bound' });
    expect(parseEntry(textIn(cluster) ?? '')?.record).toEqual(before?.record);
    expect(store.leases.at(A)).toMatchObject({ client: client(1), state: 'bound' });
    expect(mirror.changes.length).toBe(changes);
    expect(await bind(store, { client: 1, address: A, at: at(60) })).toBe('committed');
  });

  test('a gateway that starts anew with it puts back what its mirror has', async () => {
    const cluster = await born();
    const mirror = new MemoryMirror();
    const first = await openSharedStore({ etcd: cluster.connect(), clock: new FakeClock(), mirror });
    await bind(first, { client: 1, address: A });
    await first.close();
    put(cluster, 'oops');
    const said: string[] = [];

    const again = await openSharedStore({ etcd: cluster.connect(), clock: new FakeClock(), mirror, said });
    const during = again.leases.at(A)?.state;
    put(cluster, remedied(said[0]));

    expect(during).toBe('declined');
    expect(again.leases.at(A)).toMatchObject({ client: client(1), state: 'bound' });
  });

  test.each(['put', 'delete'])('that nobody had is free after the remedy (%s)', async (way) => {
    const cluster = await born();
    const said: string[] = [];
    put(cluster, 'oops');
    const store = await openSharedStore({ etcd: cluster.connect(), clock: new FakeClock(), said });

    if (way === 'put') put(cluster, remedied(said[0]));
    else cluster.transact({ compare: [], success: [{ kind: 'delete', key: KEY }], failure: [] });

    expect(store.leases.at(A)?.state).toBe('free');
    expect(await bind(store, { client: 1, address: A })).toBe('committed');
  });

  test('does not stop a gateway that joins: its lease there is a conflict that is told, and the text stays', async () => {
    const cluster = await born();
    put(cluster, 'oops');
    const said: string[] = [];
    const alone = await openSharedStore({ etcd: (await born()).connect(), clock: new FakeClock() });
    await bind(alone, { client: 1, address: A }, { client: 1, address: B, state: 'free' });
    const lease = alone.leases.at(A);
    if (lease === undefined) throw new Error('no lease');
    const mirror = new MemoryMirror([{ ...lease, hostname: undefined, node: '' }]);

    const store = await openSharedStore({ etcd: cluster.connect(), clock: new FakeClock(), mirror, said });

    expect(said.filter((line) => line.includes('could not be merged'))).toHaveLength(1);
    expect(textIn(cluster)).toBe('oops');
    expect(store.leases.canPromise).toBe(true);
  });

  test('a refusal by it is confirmed as long as it stands', async () => {
    const cluster = await born();
    put(cluster, 'oops');
    const store = await openSharedStore({ etcd: cluster.connect(), clock: new FakeClock() });
    const check = changeOf(store.leases, {
      client: 1,
      address: A,
      state: 'precondition-only',
      kind: 'check',
    });
    cluster.isWatchStalled = true;

    const confirmed = await store.commit([check]);
    cluster.transact({ compare: [], success: [{ kind: 'delete', key: KEY }], failure: [] });
    const after = await store.commit([check]);

    expect([confirmed, after]).toEqual([['committed'], ['conflict']]);
  });
});
