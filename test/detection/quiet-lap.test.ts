import { describe, expect, test } from 'vitest';
import { decide } from '../../src/engine/decide.ts';
import { hardwareFromText, NO_HARDWARE } from '../../src/net/hardware-address.ts';
import type { Ipv4 } from '../../src/net/ipv4.ts';
import { Server } from '../../src/server/server.ts';
import type { Plan } from '../../src/subnet/plan.ts';
import { FakeClock, settle } from '../support/clock.ts';
import { replyToText } from '../support/exchange-bench.ts';
import { Guest } from '../support/guest.ts';
import { LogLines } from '../support/log-lines.ts';
import { memoryStore } from '../support/memory-store.ts';
import { ip } from '../support/packet.ts';
import { at, planOf, range, segment as subnet } from '../support/plan.ts';
import { SimulatedSegment, SimulatedTransport } from '../support/simulated-transport.ts';

const SERVER = '10.15.3.10';
const PEER = '10.15.3.11';
const POOL = range('10.15.3.20', '10.15.3.27');
const ADA = new Guest('52:54:00:00:00:01');
const BOB = new Guest('52:54:00:00:00:02');
const STRANGER = hardwareFromText('52:54:00:00:00:99') ?? NO_HARDWARE;

/** A whole gateway on a segment where nobody lives until a test says so. */
class Gateway {
  readonly clock = new FakeClock();
  readonly segment = new SimulatedSegment();
  readonly transport = new SimulatedTransport();
  readonly #plan: Plan;

  readonly #live: ReadonlySet<Ipv4> | undefined;

  /** @param live The other gateways that share the leases; undefined: nothing is shared. */
  constructor(overrides: Partial<Plan> = {}, live?: ReadonlySet<Ipv4>) {
    this.#live = live;
    this.#plan = planOf({ probeMilliseconds: 300, subnet: subnet({ pools: [POOL] }), ...overrides });
  }

  async start(): Promise<void> {
    const { clock, segment, transport } = this;
    const live = this.#live;
    const place = { interfaceName: 'eth0', interfaceIndex: 2, prefixLength: 24, mtu: 1500 };
    const server = new Server({
      clock,
      log: new LogLines(),
      decide,
      seed: 4711,
      openStore: (inFlight) => memoryStore({ inFlight, clock }),
      findListenAddress: () => ({ kind: 'found', listenIp: at(SERVER), ...place, warning: undefined }),
      openMedium: () => ({ transport, arp: segment, lost: () => 0, close: () => transport.close() }),
      planOf: () => this.#plan,
      waits: true,
      ...(live === undefined
        ? {}
        : {
            clusterPeers: {
              live,
              graceMilliseconds: 0,
              agreedAt: 0,
              problems: [],
              isByWallClock: () => true,
            },
          }),
    });
    await server.start();
  }

  /** Started, and so long ago that all free addresses were asked for. */
  async begun(): Promise<this> {
    await this.start();
    await this.clock.pass(5000);
    return this;
  }

  /** What is answered at once. */
  async hear(bytes: Uint8Array): Promise<string[]> {
    this.transport.put(bytes);
    this.transport.deliver();
    await settle();
    return this.replies();
  }

  /** What is answered within some milliseconds. */
  async hearFor(bytes: Uint8Array, milliseconds: number): Promise<string[]> {
    const replies = await this.hear(bytes);
    await this.clock.pass(milliseconds);
    return [...replies, ...this.replies()];
  }

  replies(): string[] {
    return this.transport.sent.splice(0).map(({ bytes }) => replyToText(bytes));
  }

  /** The address that the guest is offered at once; '' if it has to wait. */
  async offer(guest: Guest, wanted?: string): Promise<string> {
    const options = wanted === undefined ? [] : [[50, ...ip(wanted)] as const];
    const [reply = ''] = await this.hear(guest.discover(options));
    return reply.split(' ')[1] ?? '';
  }

  /** Who was asked for since the last time. */
  asked(): readonly Ipv4[] {
    return this.segment.asked.splice(0);
  }
}

describe('addresses that were asked for ahead of need', () => {
  test('RFC 2131 §3.1 (2): a quiet address is offered at once, and asked for once more beside', async () => {
    const gateway = await new Gateway().begun();
    gateway.asked();

    const address = await gateway.offer(ADA);

    expect(address).toMatch(/^10\.15\.3\.2[0-7]$/);
    expect(gateway.asked()).toEqual([at(address)]);
  });

  test('RFC 2131 §3.1 (2): just after the start the segment is asked first', async () => {
    const gateway = new Gateway();
    await gateway.start();

    const replies = await gateway.hearFor(ADA.discover(), 299);
    await gateway.clock.pass(1);

    expect(replies).toEqual([]);
    expect(gateway.replies()).toHaveLength(1);
  });

  test('RFC 2131 §3.1 (2): the DHCPACK leaves 10 ms after the question at the earliest', async () => {
    const gateway = await new Gateway().begun();
    const address = await gateway.offer(ADA);

    await gateway.clock.pass(3);
    const early = await gateway.hearFor(ADA.select(address, SERVER), 6);
    await gateway.clock.pass(1);

    expect(early).toEqual([]);
    expect(gateway.replies()).toEqual([`DHCPACK ${address} to ${ADA.mac}`]);
  });

  test('a DHCPREQUEST that comes later is answered at once', async () => {
    const gateway = await new Gateway().begun();
    const address = await gateway.offer(ADA);
    await gateway.clock.pass(10);

    expect(await gateway.hear(ADA.select(address, SERVER))).toEqual([`DHCPACK ${address} to ${ADA.mac}`]);
  });

  test('a DHCPDISCOVER that comes again is answered at once', async () => {
    const gateway = await new Gateway().begun();
    const address = await gateway.offer(ADA);
    await gateway.clock.pass(1);

    expect(await gateway.offer(ADA)).toBe(address);
  });

  test('RFC 2131 §3.1 (2): an address that another machine holds is offered to nobody, and nobody waits for that', async () => {
    const gateway = new Gateway();
    for (const held of ['10.15.3.21', '10.15.3.24']) gateway.segment.holders.set(at(held), STRANGER);
    await gateway.begun();
    const offers: string[] = [];
    for (let number = 1; number <= 6; number += 1)
      offers.push(await gateway.offer(new Guest(`52:54:00:00:01:0${number}`)));

    expect(offers.sort()).toEqual([20, 22, 23, 25, 26, 27].map((last) => `10.15.3.${last}`));
  });

  test('RFC 2131 §3.1 (2): a machine that wakes up before the DHCPREQUEST keeps its address, which is quarantined, and the client is refused', async () => {
    const gateway = await new Gateway().begun();
    const address = await gateway.offer(ADA);
    gateway.segment.holders.set(at(address), STRANGER);
    gateway.segment.say(at(address), STRANGER); // Its answer to the question beside.

    const refused = await gateway.hearFor(ADA.select(address, SERVER), 1000);
    const next = await gateway.offer(ADA);

    expect(refused).toEqual([`DHCPNAK 0.0.0.0 to ${ADA.mac}`]);
    expect(next).toMatch(/^10\.15\.3\.2[0-7]$/);
    expect(next).not.toBe(address);
  });

  test('one that answers while the DHCPREQUEST waits for that is heard', async () => {
    const gateway = await new Gateway().begun();
    const address = await gateway.offer(ADA);
    gateway.segment.holders.set(at(address), STRANGER);

    await gateway.hearFor(ADA.select(address, SERVER), 5);
    gateway.segment.say(at(address), STRANGER);
    await gateway.clock.pass(500);

    expect(gateway.replies()).toEqual([`DHCPNAK 0.0.0.0 to ${ADA.mac}`]);
  });

  test.each([
    [
      'names it as its own',
      (gateway: Gateway, address: string) => gateway.segment.say(at(address), STRANGER),
    ],
    [
      'RFC 5227 §1.1: probes for it',
      (gateway: Gateway, address: string) => gateway.segment.probe(at(address), STRANGER),
    ],
  ])('an address is asked for again before it is offered, if another machine %s', async (_, say) => {
    const gateway = await new Gateway().begun();
    const wanted = '10.15.3.25';

    say(gateway, wanted);
    const atOnce = await gateway.offer(ADA, wanted);
    await gateway.clock.pass(300);

    expect(atOnce).toBe('');
    expect(gateway.replies()).toEqual([`DHCPOFFER ${wanted} to ${ADA.mac}`]);
    expect(await gateway.offer(BOB, '10.15.3.26')).toBe('10.15.3.26');
  });

  test("the client's own probe is no reason to ask again", async () => {
    const gateway = await new Gateway().begun();

    gateway.segment.probe(at('10.15.3.25'), hardwareFromText(ADA.mac) ?? NO_HARDWARE);

    expect(await gateway.offer(ADA, '10.15.3.25')).toBe('10.15.3.25');
  });

  test('after a time in which something may have been missed all are asked for anew', async () => {
    const gateway = await new Gateway().begun();
    gateway.clock.stall(3000);
    await gateway.clock.pass(0);

    const atOnce = await gateway.offer(ADA);
    await gateway.clock.pass(5000);

    expect(atOnce).toBe('');
    expect(await gateway.offer(BOB)).not.toBe('');
  });

  test('after another gateway was heard all are asked for anew, and only those that this one goes first for', async () => {
    const pool = range('10.15.3.20', '10.15.3.219');
    const gateway = new Gateway({
      peers: new Set([at(PEER)]),
      subnet: subnet({ pools: [pool] }),
    });
    gateway.segment.holders.set(at(PEER), STRANGER);
    await gateway.start();
    await gateway.clock.pass(10_000);
    const alone = new Set(gateway.asked()).size - 1; // The other gateway is asked for too.

    await gateway.hear(BOB.select('10.15.3.30', PEER));
    const atOnce = await gateway.offer(ADA);
    await gateway.clock.pass(10_000);
    const beside = new Set(gateway.asked()).size;

    expect([alone, atOnce]).toEqual([200, '']);
    expect(beside).toBeGreaterThan(60);
    expect(beside).toBeLessThan(140);
  });

  test('with shared leases only those are asked for that this gateway goes first for', async () => {
    const pool = range('10.15.3.20', '10.15.3.219');
    const gateway = new Gateway({ subnet: subnet({ pools: [pool] }) }, new Set([at(PEER)]));
    await gateway.start();

    await gateway.clock.pass(10_000);

    const asked = new Set(gateway.asked()).size;
    expect(asked).toBeGreaterThan(60);
    expect(asked).toBeLessThan(140);
  });

  test('a gateway that shares the leases and comes back makes all be asked for anew', async () => {
    const live = new Set<Ipv4>();
    const gateway = await new Gateway({}, live).begun();
    live.add(at(PEER));

    await gateway.clock.pass(250);
    const atOnce = gateway.asked();
    await gateway.clock.pass(5000);

    expect(atOnce.length).toBeGreaterThan(0);
    expect(new Set(gateway.asked()).size).toBeLessThan(8);
  });

  test('what could not be sent has asked nobody', async () => {
    const gateway = new Gateway();
    gateway.segment.refuses = true;
    await gateway.begun();
    gateway.segment.refuses = false;

    const atOnce = await gateway.offer(ADA);
    await gateway.clock.pass(5000);

    expect(atOnce).toBe('');
    expect(await gateway.offer(BOB)).not.toBe('');
  });

  test('where a lease is given at once, by rapid commit, the segment is asked first', async () => {
    const gateway = await new Gateway({ rapidCommit: true }).begun();

    const atOnce = await gateway.hear(ADA.discover([[80]]));
    await gateway.clock.pass(300);

    expect(atOnce).toEqual([]);
    expect(gateway.replies()).toEqual([expect.stringMatching(/^DHCPACK /)]);
  });

  test('where nothing is to be asked, nothing is', async () => {
    const gateway = await new Gateway({ probeMilliseconds: 0 }).begun();

    await gateway.offer(ADA);

    expect(gateway.asked()).toEqual([]);
  });

  test('on an ordinary day 235 addresses cost a request a second', async () => {
    const gateway = new Gateway({ subnet: subnet() });
    await gateway.start();
    await gateway.clock.pass(60_000);
    gateway.asked();

    await gateway.clock.pass(3_600_000);

    const asked = gateway.asked();
    expect(new Set(asked).size).toBe(235);
    expect(asked.length / 3600).toBeGreaterThan(0.78);
    expect(asked.length / 3600).toBeLessThan(1);
  });

  test('the pool is asked for in a few seconds after the start, without a burst', async () => {
    const gateway = new Gateway({ subnet: subnet() });
    await gateway.start();
    const bursts: number[] = [];
    for (let beat = 0; beat < 20; beat += 1) {
      await gateway.clock.pass(250);
      bursts.push(gateway.asked().length);
    }

    expect(Math.max(...bursts)).toBeLessThanOrEqual(64);
    expect(bursts.reduce((sum, count) => sum + count)).toBe(2 * 235);
  });
});
