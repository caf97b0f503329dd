import { describe, expect, test } from 'vitest';
import type { Ipv4 } from '../../src/net/ipv4.ts';
import type { EtcdStore } from '../../src/store/etcd/etcd-store.ts';
import { FakeClock } from '../support/clock.ts';
import { ExchangeBench } from '../support/exchange-bench.ts';
import { Guest } from '../support/guest.ts';
import { MemoryCluster } from '../support/memory-etcd.ts';
import { at, range, segment } from '../support/plan.ts';
import { SeededRandom } from '../support/random.ts';
import { beginSegment, openSharedStore } from '../support/shared-store.ts';

const GATEWAYS = ['10.15.3.10', '10.15.3.11', '10.15.3.12'];
const POOL = range('10.15.3.20', '10.15.3.254');
const GRACE = 60_000;

interface Node {
  readonly address: string;
  readonly bench: ExchangeBench<EtcdStore>;
}

/** Three gateways that share their leases, and hear nothing of each other's changes before `catchUp`. */
class SharedStorm {
  readonly cluster = new MemoryCluster();
  readonly clock = new FakeClock();
  readonly nodes: Node[] = [];

  async open(): Promise<void> {
    await beginSegment(this.cluster.connect());
    for (const address of GATEWAYS) {
      const inFlight = new Set<Ipv4>();
      const place = Number(address.split('.')[3]);
      const { clock } = this;
      const store = await openSharedStore({ etcd: this.cluster.connect(), clock, place, inFlight });
      const bench = new ExchangeBench(store, inFlight, clock, {
        plan: { serverIdentifier: at(address), subnet: segment({ pools: [POOL] }) },
        transport: { local: at(address) },
      });
      const live = new Set(GATEWAYS.filter((other) => other !== address).map(at));
      bench.serverState.clusterPeers = { live, graceMilliseconds: GRACE };
      this.nodes.push({ address, bench });
    }
    this.cluster.isWatchStalled = true;
  }

  async broadcast(...messages: readonly Uint8Array[]): Promise<void> {
    for (const { bench } of this.nodes) await bench.hear(...messages);
  }

  /** By MAC: what each gateway has sent it: '10.15.3.10 DHCPOFFER 10.15.3.20'. */
  replies(): ReadonlyMap<string, readonly string[]> {
    const replies = new Map<string, string[]>();
    for (const { address, bench } of this.nodes) {
      for (const text of bench.replies()) {
        const [type = '', yiaddr = '', , mac = ''] = text.split(' ');
        replies.set(mac, [...(replies.get(mac) ?? []), `${address} ${type} ${yiaddr}`]);
      }
    }
    return replies;
  }

  catchUp(): void {
    this.cluster.isWatchStalled = false;
    this.cluster.deliver();
    this.cluster.isWatchStalled = true;
  }
}

function guests(seed: number): readonly Guest[] {
  const random = new SeededRandom(seed);
  return Array.from({ length: 200 }, (_, index) => {
    const tail = [index, random.below(256), random.below(256)].map((byte) =>
      byte.toString(16).padStart(2, '0'),
    );
    return new Guest(`52:54:00:${tail.join(':')}`);
  });
}

/** Offers to all, before any of them asks; then all ask the first gateway that has answered. Returns what they get. */
async function boot(storm: SharedStorm, booting: readonly Guest[]): Promise<readonly string[]> {
  for (const some of chunks(booting)) await storm.broadcast(...some.map((guest) => guest.discover()));
  const offers = storm.replies();
  const requests = booting.map((guest) => {
    const [server = '', type, address = ''] = offers.get(guest.mac)?.[0]?.split(' ') ?? [];
    expect(type).toBe('DHCPOFFER');
    return guest.select(address, server);
  });
  for (const some of chunks(requests)) await storm.broadcast(...some);
  const answers = storm.replies();
  return booting.map(({ mac }) => answers.get(mac)?.join() ?? 'silence');
}

function chunks<Item>(items: readonly Item[], size = 20): readonly (readonly Item[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}

describe('200 guests that boot in one moment before three gateways that share their leases', () => {
  test('no address goes to two, and hardly ever two gateways offer one address: who loses it is refused, and begins again', async () => {
    let refused = 0;
    for (let seed = 0; seed < 20; seed += 1) {
      const storm = new SharedStorm();
      await storm.open();
      const booting = guests(seed);

      const first = await boot(storm, booting);
      storm.catchUp();
      const losers = booting.filter((_, index) => first[index]?.includes('DHCPNAK') === true);
      const second = await boot(storm, losers);

      const acks = [...first, ...second].filter((answer) => answer.includes('DHCPACK'));
      expect(new Set(acks.map((ack) => ack.split(' ')[2])).size).toBe(200);
      const lost = storm.nodes
        .flatMap(({ bench }) => bench.record.decisions)
        .filter((text) => /lost/.test(text));
      expect(lost).toEqual(losers.map(() => 'DHCPREQUEST offer-lost committed'));
      refused += losers.length;
    }

    expect(refused).toBeLessThanOrEqual(4); // One guest in a thousand.
  }, 60_000);

  test('nothing is written to etcd before they ask', async () => {
    const storm = new SharedStorm();
    await storm.open();
    const { revision } = storm.cluster;

    await storm.broadcast(
      ...guests(1)
        .slice(0, 100)
        .map((guest) => guest.discover()),
    );

    expect([...storm.replies().values()].flat()).toHaveLength(100);
    expect(storm.cluster.revision).toBe(revision);
  });
});

test('a guest that asks again is offered one and the same address by each of three gateways, however full the pool is', async () => {
  const storm = new SharedStorm();
  await storm.open();
  for (const guest of guests(3)) {
    await storm.broadcast(guest.discover());
    const [first = '', ...others] = storm.replies().get(guest.mac) ?? [];
    await storm.broadcast(guest.discover());
    const offers = storm.replies().get(guest.mac) ?? [];
    const [server = '', , address = ''] = first.split(' ');

    expect(others).toEqual([]);
    expect(offers).toEqual(GATEWAYS.map((each) => `${each} DHCPOFFER ${address}`));
    await storm.broadcast(guest.select(address, server));
    storm.catchUp();
  }
});
