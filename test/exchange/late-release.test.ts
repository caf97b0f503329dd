import { describe, expect, test } from 'vitest';
import type { Ipv4 } from '../../src/net/ipv4.ts';
import { type Etcd, EtcdError } from '../../src/store/etcd/client/etcd.ts';
import type { EtcdStore } from '../../src/store/etcd/etcd-store.ts';
import { CLOCK_GRACE } from '../../src/store/etcd/keys/clock-grace.ts';
import { FakeClock, settle } from '../support/clock.ts';
import { ExchangeBench } from '../support/exchange-bench.ts';
import { Guest } from '../support/guest.ts';
import { MemoryCluster } from '../support/memory-etcd.ts';
import { ip } from '../support/packet.ts';
import { at } from '../support/plan.ts';
import { beginSegment, openSharedStore } from '../support/shared-store.ts';

const FIRST = '10.15.3.10';
const SECOND = '10.15.3.11';
const ADA = new Guest('52:54:00:00:00:01');
const BEN = new Guest('52:54:00:00:00:02');

/** One gateway's way to etcd. */
class Line {
  /** Nothing gets through. */
  isCut = false;
  /** What is sent is given up, and lands when it is let go. */
  isHeld = false;
  readonly #etcd: Etcd;
  #held: (() => Promise<unknown>)[] = [];

  constructor(etcd: Etcd) {
    this.#etcd = etcd;
    const transact = etcd.transact.bind(etcd);
    const range = etcd.range.bind(etcd);
    etcd.transact = async (transaction) => {
      this.#pass();
      if (!this.isHeld) return transact(transaction);
      this.#held.push(() => transact(transaction));
      throw new EtcdError('unknown', 'no answer in time');
    };
    etcd.range = async (...question) => {
      this.#pass();
      return range(...question);
    };
  }

  get etcd(): Etcd {
    return this.#etcd;
  }

  async letGo(): Promise<void> {
    this.isHeld = false;
    for (const land of this.#held.splice(0)) await land();
  }

  #pass(): void {
    if (this.isCut) throw new EtcdError('unknown', 'nobody answers');
  }
}

interface Gateway {
  readonly address: string;
  readonly line: Line;
  readonly bench: ExchangeBench<EtcdStore>;
}

async function gateway(cluster: MemoryCluster, clock: FakeClock, address: string): Promise<Gateway> {
  const line = new Line(cluster.connect());
  const inFlight = new Set<Ipv4>();
  const store = await openSharedStore({
    etcd: line.etcd,
    clock,
    inFlight,
    place: Number(address.split('.')[3]),
  });
  const bench = new ExchangeBench(store, inFlight, clock, {
    plan: { serverIdentifier: at(address), probeMilliseconds: 200, leaseCache: 25 },
    transport: { local: at(address) },
  });
  bench.serverState.clusterPeers = { live: new Set(), graceMilliseconds: CLOCK_GRACE };
  return { address, line, bench };
}

/** Two gateways that share their leases; a guest has one by the first, and the second knows of it. */
async function twoGateways() {
  const cluster = new MemoryCluster();
  await beginSegment(cluster.connect());
  const clock = new FakeClock();
  const first = await gateway(cluster, clock, FIRST);
  const second = await gateway(cluster, clock, SECOND);
  const address = await lease(first, ADA);
  return { cluster, clock, first, second, address };
}

/** Nobody answers ARP. */
async function unanswered({ bench }: Gateway): Promise<void> {
  for (const question of bench.questions) question.answer(undefined);
  await settle();
}

/** The address that a guest is granted; '': none. */
async function lease(by: Gateway, guest: Guest, wanted?: string): Promise<string> {
  const { address, bench } = by;
  await bench.hear(guest.discover(wanted === undefined ? [] : [[50, ...ip(wanted)]]));
  await unanswered(by);
  const [, offered = ''] = bench.replies().at(-1)?.split(' ') ?? [];
  await bench.hear(guest.select(offered, address));
  await unanswered(by);
  return bench.replies().at(-1)?.split(' ')[1] ?? '';
}

/** It sees that nobody answers. */
async function cut({ line, bench }: Gateway): Promise<void> {
  line.isCut = true;
  await bench.clock.pass(4000);
  bench.store.idle();
  await settle();
  expect(bench.store.leases.canPromise).toBe(false);
}

async function mend({ line, bench }: Gateway): Promise<void> {
  line.isCut = false;
  line.isHeld = false;
  await bench.clock.pass(1000);
  bench.store.idle();
  await settle();
  expect(bench.store.leases.canPromise).toBe(true);
}

describe('a guest whose gateway has lost the majority', () => {
  test('is confirmed if it boots or renews, with what is left, where it has not let its address go', async () => {
    const { second, address } = await twoGateways();
    await cut(second);

    await second.bench.hear(ADA.reboot(address));
    await unanswered(second);
    await second.bench.hearUnicast(ADA.extend(address), address);
    await unanswered(second);

    const ack = `DHCPACK ${address} to ${ADA.mac}`;
    expect(second.bench.replies()).toEqual([ack, ack]);
    expect(second.bench.record.decisions.filter((each) => each.endsWith('as-committed'))).toHaveLength(2);
  });
});

/** By what a guest lets its address go. */
const WAYS = {
  DHCPRELEASE: (address: string) => ADA.release(address, FIRST),
  DHCPDECLINE: (address: string) => ADA.decline(address, FIRST),
};

/** Its change is sent, and given up; it may land. */
async function letGo({ line, bench }: Gateway, message: Uint8Array, address: string): Promise<void> {
  line.isHeld = true;
  await bench.hearUnicast(message, address);
  for (const question of bench.questions) question.answer(undefined);
  await settle();
  await bench.clock.pass(5000);
}

describe.each(Object.entries(WAYS))('a %s that may land in etcd after its client began anew', (type, by) => {
  test('leaves no address to two: the gateway that sent it confirms its client in no state', async () => {
    const { first, second, address } = await twoGateways();
    await letGo(first, by(address), address);
    await cut(first);

    await first.bench.hear(ADA.reboot(address));
    await unanswered(first);
    await first.bench.hearUnicast(ADA.extend(address), address);
    await unanswered(first);
    const confirmed = first.bench.replies();
    const decisions = first.bench.record.decisions.slice(-3);
    await first.line.letGo();
    const others = await lease(second, BEN, address);

    expect(confirmed).toEqual([]);
    expect(decisions).toEqual([
      `${type} ${type.slice(4).toLowerCase()}d unknown`,
      'DHCPREQUEST cannot-promise',
      'DHCPREQUEST cannot-promise',
    ]);
    expect(others === address).toBe(type === 'DHCPRELEASE');
  });

  test('is void once a majority has confirmed its client, which is confirmed without one from then on', async () => {
    const { first, second, address } = await twoGateways();
    await letGo(first, by(address), address);
    await mend(first);

    await second.bench.hear(ADA.reboot(address));
    await unanswered(second);
    await cut(first);
    await first.bench.hear(ADA.reboot(address));
    await unanswered(first);
    await first.line.letGo();

    const confirmed = [...second.bench.replies(), ...first.bench.replies()];
    expect(confirmed).toEqual([`DHCPACK ${address} to ${ADA.mac}`, `DHCPACK ${address} to ${ADA.mac}`]);
    expect(second.bench.store.leases.at(at(address))?.state).toBe('bound');
  });

  test('is void if its client renews: what has only begun is written anew then, too', async () => {
    const { first, second, address } = await twoGateways();
    await letGo(first, by(address), address);
    await mend(first);

    await first.bench.hearUnicast(ADA.extend(address), address);
    await unanswered(first);
    await first.line.letGo();

    expect(first.bench.record.decisions.at(-1)).toBe('DHCPREQUEST renewed committed');
    expect(second.bench.store.leases.at(at(address))?.state).toBe('bound');
  });
});

describe('a DHCPRELEASE while nothing can be promised', () => {
  test('RFC 2131 §4.4.6: is dropped and counted, as if it were lost, and never comes to etcd', async () => {
    const { clock, first, second, address } = await twoGateways();
    await cut(first);

    await first.bench.hearUnicast(ADA.release(address, FIRST), address);
    await mend(first);
    await clock.pass(10_000);

    expect(first.bench.record.decisions.at(-1)).toBe('DHCPRELEASE cannot-promise');
    expect(second.bench.store.leases.at(at(address))?.state).toBe('bound');
  });
});
