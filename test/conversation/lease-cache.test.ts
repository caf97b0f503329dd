import { describe, expect, test } from 'vitest';
import { decide } from '../../src/engine/decide.ts';
import type { Ipv4 } from '../../src/net/ipv4.ts';
import { Server } from '../../src/server/server.ts';
import type { Etcd, Transaction } from '../../src/store/etcd/client/etcd.ts';
import type { EtcdStore } from '../../src/store/etcd/etcd-store.ts';
import { openSqlite } from '../../src/store/sqlite/disk/driver.ts';
import type { SqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { bind, changeOf, client } from '../store/changes.ts';
import { fileIn, openIn, temporaryDirectory } from '../store/sqlite/temporary-store.ts';
import { FakeClock, settle } from '../support/clock.ts';
import { optionOf } from '../support/conversation.ts';
import { ExchangeBench, memoryBench, replyToText } from '../support/exchange-bench.ts';
import { Guest } from '../support/guest.ts';
import { LogLines } from '../support/log-lines.ts';
import { MemoryCluster } from '../support/memory-etcd.ts';
import { u32 } from '../support/packet.ts';
import { at, planOf, segment } from '../support/plan.ts';
import { beginSegment, openSharedStore } from '../support/shared-store.ts';
import { SimulatedSegment, SimulatedTransport } from '../support/simulated-transport.ts';

const SERVER = '10.15.3.10';
const MINE = '10.15.3.40';
const ADA = new Guest('52:54:00:00:00:01');
/** Seconds; a quarter of it is cached. */
const LEASE = 400;
const PLAN = {
  leaseCache: 25,
  subnet: segment({ leaseTimes: { default: LEASE, minimum: 60, maximum: LEASE } }),
};

describe('a server with a lease file', () => {
  interface Row {
    readonly version: number;
    readonly updated_at: number;
    readonly expires_at: number;
    readonly hostname: string | null;
  }

  /** A server on a lease file, with a guest that has just got its lease. */
  async function serving() {
    const directory = temporaryDirectory();
    const clock = new FakeClock();
    const transport = new SimulatedTransport();
    let store: SqliteStore | undefined;
    const server = new Server({
      clock,
      log: new LogLines(),
      decide,
      seed: 4711,
      openStore: (inFlight) => {
        store = openIn(directory, { inFlight, clock, now: clock.now() });
        return store;
      },
      findListenAddress: () => ({
        ...{ kind: 'found', interfaceName: 'eth0', interfaceIndex: 2, listenIp: at(SERVER) },
        ...{ prefixLength: 24, mtu: 1500, warning: undefined },
      }),
      openMedium: () => ({
        transport,
        arp: new SimulatedSegment(),
        lost: () => 0,
        close: () => transport.close(),
      }),
      planOf: () => planOf(PLAN),
      waits: true,
    });
    await server.start();
    const hear = async (bytes: Uint8Array, source?: string) => {
      transport.put(bytes, source === undefined ? undefined : at(source));
      transport.deliver();
      await settle();
      const [reply] = transport.sent.splice(0);
      if (reply === undefined) throw new Error('no reply');
      return { text: replyToText(reply.bytes), seconds: optionOf(reply.bytes, 51) };
    };
    const row = (): Row => {
      store?.flush();
      const database = openSqlite(fileIn(directory), { readonly: true });
      const columns = 'version, updated_at, expires_at, hostname';
      const found = database.prepare(`SELECT ${columns} FROM lease WHERE address = ?`).get(at(MINE));
      database.close();
      return found as Row;
    };
    await hear(ADA.select(MINE, SERVER));
    return { clock, server, hear, row };
  }

  test('tells a guest again what is left of its lease, and its row stays as it is; after that it is written', async () => {
    const { clock, server, hear, row } = await serving();
    const granted = row();
    const renamed = ADA.extend(MINE, [[12, ...Buffer.from('web2')]]);

    for (const passed of [10, 60, 100]) {
      await clock.pass(granted.updated_at + passed * 1000 - clock.now());
      expect(await hear(renamed, MINE)).toEqual({
        text: `DHCPACK ${MINE} to ${ADA.mac}`,
        seconds: u32(LEASE - passed),
      });
      expect(row()).toEqual(granted);
    }
    await clock.pass(1000);

    expect((await hear(renamed, MINE)).seconds).toEqual(u32(LEASE));
    const now = clock.now();
    expect(row()).toMatchObject({ updated_at: now, expires_at: now + LEASE * 1000, hostname: 'web2' });
    expect(row().version).toBeGreaterThan(granted.version);
    await server.stop();
  });

  test('says so', async () => {
    const { server, hear } = await serving();
    await hear(ADA.extend(MINE), MINE);

    expect(server.status).toMatchObject({ counters: { reasons: { bound: 1, cached: 1 } } });
    await server.stop();
  });
});

describe('a gateway that shares its leases in etcd', () => {
  /** A gateway whose guest has a lease, another gateway's store beside it, and what the first asks of etcd. */
  async function sharing() {
    const cluster = new MemoryCluster();
    const clock = new FakeClock();
    const asked: Transaction[] = [];
    const etcd: Etcd = cluster.connect();
    const transact = etcd.transact.bind(etcd);
    etcd.transact = (transaction) => {
      asked.push(transaction);
      return transact(transaction);
    };
    await beginSegment(etcd);
    const inFlight = new Set<Ipv4>();
    const store = await openSharedStore({ etcd, clock, inFlight });
    const other = await openSharedStore({ etcd: cluster.connect(), clock, place: 11 });
    const bench = new ExchangeBench<EtcdStore>(store, inFlight, clock, { plan: PLAN });
    bench.serverState.clusterPeers = { live: new Set(), graceMilliseconds: 0 };
    await bench.hear(ADA.select(MINE, SERVER));
    await clock.pass(50_000);
    store.idle(); // Its heartbeat is due.
    await settle();
    bench.record.decisions.length = 0;
    bench.transport.sent.length = 0;
    asked.length = 0;
    return { cluster, bench, other, asked };
  }

  test('asks a majority whether the lease stands, and writes nothing', async () => {
    const { cluster, bench, asked } = await sharing();
    const { revision } = cluster;

    await bench.hearUnicast(ADA.extend(MINE), MINE);

    const [batch, ...more] = asked;
    const [change] = batch?.success ?? [];
    expect(more).toEqual([]);
    expect(change).toMatchObject({ kind: 'transaction', transaction: { success: [] } });
    const compared = change?.kind === 'transaction' ? change.transaction.compare.map(({ key }) => key) : [];
    expect(compared.sort()).toEqual([
      `/vps-gateway/tenant-1/cl/${client(1)}`,
      `/vps-gateway/tenant-1/ip/${MINE}`,
    ]);
    expect(cluster.revision).toBe(revision);
    expect(bench.record.decisions).toEqual(['DHCPREQUEST cached committed']);
    const [reply] = bench.transport.sent;
    expect(optionOf(reply?.bytes, 51)).toEqual(u32(LEASE - 50));
  });

  test('what another gateway has done to the lease meanwhile is found by that, and decided by', async () => {
    const { cluster, bench, other } = await sharing();
    cluster.isWatchStalled = true;
    const now = bench.clock.now();
    await bind(other, { client: 1, address: at(MINE), state: 'free', reason: 'released', at: now });
    await bind(other, { client: 2, address: at(MINE), at: now });

    await bench.hearUnicast(ADA.extend(MINE), MINE);

    expect(bench.record.decisions).toEqual([
      'DHCPREQUEST cached conflict',
      'DHCPREQUEST bound-to-another committed',
    ]);
    expect(bench.replies()).toEqual([`DHCPNAK 0.0.0.0 to ${ADA.mac}`]);
  });

  test('one that another gateway has renewed meanwhile is extended by a write', async () => {
    const { cluster, bench, other } = await sharing();
    cluster.isWatchStalled = true;
    await bind(other, { client: 1, address: at(MINE), reason: 'renewed', at: bench.clock.now() });

    await bench.hearUnicast(ADA.extend(MINE), MINE);

    expect(bench.record.decisions).toEqual(['DHCPREQUEST cached conflict', 'DHCPREQUEST renewed committed']);
    expect(bench.store.leases.at(at(MINE))?.granter).toBe(at(SERVER));
    expect(bench.replies()).toEqual([`DHCPACK ${MINE} to ${ADA.mac}`]);
  });

  test.each([
    ['INIT-REBOOT', 'rebooted', ADA.reboot(MINE)],
    ['SELECTING', 'renewed', ADA.select(MINE, SERVER)],
  ])('%s is a write, which a DHCPRELEASE from before may not undo', async (_, reason, request) => {
    const { cluster, bench, other } = await sharing();
    // Another gateway has heard it, or this one before its answer was lost: it reaches etcd late.
    const late = changeOf(other.leases, { client: 1, address: at(MINE), state: 'free', reason: 'released' });
    cluster.isWatchStalled = true;

    await bench.hear(request);

    expect(bench.replies()).toEqual([`DHCPACK ${MINE} to ${ADA.mac}`]);
    expect(await other.commit([late])).toEqual(['conflict']);
    expect(other.leases.at(at(MINE))?.state).toBe('bound');
    expect(bench.record.decisions).toEqual([`DHCPREQUEST ${reason} committed`]);
  });

  test('nothing is promised where nobody answers', async () => {
    const { cluster, bench } = await sharing();
    cluster.isDown = true;

    await bench.hearUnicast(ADA.extend(MINE), MINE);
    await bench.clock.pass(4000);

    expect(bench.record.decisions).toEqual(['DHCPREQUEST cached unknown']);
    expect(bench.replies()).toEqual([]);
    expect(bench.store.leases.canPromise).toBe(false);
  });
});

describe('what is on its way', () => {
  test('a repetition waits for what keeps its address in flight, and is decided by what came of that', async () => {
    const bench = memoryBench({ plan: PLAN });
    await bench.hear(ADA.select(MINE, SERVER));
    bench.store.script({ takes: 'until released' });
    bench.exchange.submit({
      decide: (now, leases) => {
        const lease = leases.at(at(MINE));
        if (lease === undefined || lease.state === 'free') return { kind: 'silence', reason: 'no-binding' };
        const { client, hardware, version } = lease;
        const next = { client, hardware, state: 'free', expiresAt: now } as const;
        const writes = [{ address: at(MINE), expectedVersion: version, next }];
        const change = {
          kind: 'binding',
          client,
          expectedBindingVersion: version,
          writes,
          at: now,
          reason: 'x',
        } as const;
        return { kind: 'silence', reason: 'expired', change };
      },
      done: () => {},
    });
    bench.transport.sent.length = 0;

    await bench.hearUnicast(ADA.extend(MINE), MINE);
    const before = bench.replies();
    bench.store.release();
    await settle();

    expect(before).toEqual([]);
    expect(bench.record.decisions.at(-1)).toBe('DHCPREQUEST renewed committed');
    expect(bench.store.leases.at(at(MINE))?.state).toBe('bound');
    expect(bench.replies()).toEqual([`DHCPACK ${MINE} to ${ADA.mac}`]);
  });

  test('a store that finds it overtaken has it decided again', async () => {
    const bench = memoryBench({ plan: PLAN, resolves: false });
    await bench.hear(ADA.select(MINE, SERVER));
    bench.record.decisions.length = 0;
    bench.transport.sent.length = 0;
    bench.store.script({ fate: 'conflict' });

    await bench.hearUnicast(ADA.extend(MINE), MINE);

    expect(bench.record.decisions).toEqual(['DHCPREQUEST cached conflict', 'DHCPREQUEST cached committed']);
    expect(bench.replies()).toHaveLength(1);
  });
});
