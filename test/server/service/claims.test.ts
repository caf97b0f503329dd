import { describe, expect, test } from 'vitest';
import { decide } from '../../../src/engine/decide.ts';
import { CLAIM_SECONDS, type Lease, NEVER } from '../../../src/lease/lease.ts';
import { type HardwareAddress, hardwareFromText, NO_HARDWARE } from '../../../src/net/hardware-address.ts';
import type { Ipv4 } from '../../../src/net/ipv4.ts';
import { Server } from '../../../src/server/server.ts';
import { client, hardware } from '../../store/changes.ts';
import { FakeClock, settle } from '../../support/clock.ts';
import { replyToText } from '../../support/exchange-bench.ts';
import { Guest } from '../../support/guest.ts';
import { LogLines } from '../../support/log-lines.ts';
import { type MemoryStore, memoryStore } from '../../support/memory-store.ts';
import { ip } from '../../support/packet.ts';
import { at, planOf, range, segment as subnet } from '../../support/plan.ts';
import { SimulatedSegment, SimulatedTransport } from '../../support/simulated-transport.ts';

const SELF = '10.15.3.10';
const OTHER = '10.15.3.11';
const ALL = Array.from({ length: 20 }, (_, index) => `10.15.3.${20 + index}`);
const POOL = range('10.15.3.20', '10.15.3.39');
const HOUR = 3_600_000;

function cardOf(mac: string): HardwareAddress {
  return hardwareFromText(mac) ?? NO_HARDWARE;
}

function guestNumber(number: number): Guest {
  return new Guest(`52:54:00:00:01:${number.toString(16).padStart(2, '0')}`);
}

/** A gateway, process after process: what is stored is all that outlives one. */
class Gateway {
  readonly clock = new FakeClock();
  readonly log = new LogLines();
  readonly segment = new SimulatedSegment();
  #transport = new SimulatedTransport();
  #server: Server | undefined;
  #store: MemoryStore | undefined;
  #live: ReadonlySet<Ipv4> | undefined;

  constructor(live?: ReadonlySet<Ipv4>) {
    this.#live = live;
  }

  async start(leases: readonly Lease[] = []): Promise<this> {
    const { clock, segment, log } = this;
    const live = this.#live;
    const place = { interfaceName: 'eth0', interfaceIndex: 2, prefixLength: 24, mtu: 1500 };
    const lastHeard = this.#store?.lastHeard ?? new Map();
    const stored = leases.length > 0 ? leases : [...(this.#store?.table.records() ?? [])];
    this.#server = new Server({
      clock,
      log,
      decide,
      seed: 4711,
      openStore: (inFlight) => (this.#store = memoryStore({ inFlight, clock, leases: stored, lastHeard })),
      findListenAddress: () => ({ kind: 'found', listenIp: at(SELF), ...place, warning: undefined }),
      openMedium: () => {
        const transport = new SimulatedTransport();
        this.#transport = transport;
        return { transport, arp: segment, lost: () => 0, close: () => transport.close() };
      },
      planOf: () =>
        planOf({ probeMilliseconds: 300, subnet: subnet({ pools: [POOL] }), peers: new Set([at(OTHER)]) }),
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
    await this.#server.start();
    await clock.pass(5000);
    return this;
  }

  async restart(): Promise<void> {
    await this.#server?.stop();
    await this.start();
  }

  get counters() {
    return this.#server?.status.counters;
  }

  at(address: string): Lease | undefined {
    return this.#store?.table.recordAt(at(address));
  }

  get states(): readonly string[] {
    return ALL.map((address) => this.at(address)?.state ?? 'unused');
  }

  /** What is answered within some milliseconds: 'DHCPACK 10.15.3.20'. */
  async hear(bytes: Uint8Array, milliseconds = 0): Promise<string> {
    this.#transport.put(bytes);
    this.#transport.deliver();
    await settle();
    await this.clock.pass(milliseconds);
    const replies = this.#transport.sent.splice(0).map((sent) => replyToText(sent.bytes));
    return replies.map((reply) => reply.split(' to ')[0]).join(', ');
  }

  /** The address that a new guest gets within some seconds, with the RFC's retransmissions; '': none. */
  async boot(guest: Guest, seconds = 5): Promise<string> {
    for (let passed = 0; passed < seconds; passed += 1) {
      const [, offered] = (await this.hear(guest.discover(), 500)).split(' ');
      if (offered === undefined) {
        await this.clock.pass(500);
        continue;
      }
      const reply = await this.hear(guest.select(offered, SELF), 500);
      if (reply === `DHCPACK ${offered}`) return offered;
    }
    return '';
  }

  /** Somebody claims every address, each in another name. */
  async claimAll(): Promise<void> {
    for (const [index, address] of ALL.entries())
      await this.hear(new Guest(`52:54:77:00:00:${(index + 1).toString(16)}`).select(address, OTHER), 2);
  }

  /** The other gateway is on the segment. */
  async withOther(): Promise<this> {
    this.segment.holders.set(at(OTHER), hardware(11));
    await this.clock.pass(60_000);
    return this;
  }
}

describe('every address of the pool is claimed by forged DHCPREQUESTs', () => {
  test.each(['at once', 'after a restart'])(
    'of a gateway that ARP does not find: a pool of new guests has leases within five seconds each, %s',
    async (when) => {
      const gateway = await new Gateway().start();
      await gateway.claimAll();
      if (when === 'after a restart') await gateway.restart();

      const got: string[] = [];
      for (const [number] of ALL.entries()) got.push(await gateway.boot(guestNumber(number)));

      expect(new Set(got)).toEqual(new Set(ALL));
    },
  );

  test('RFC 2131 §4.1: the first DHCPDISCOVER is answered before a guest would send it again, four seconds later', async () => {
    const gateway = await new Gateway().start();
    await gateway.claimAll();

    const answered: string[] = [];
    for (let number = 1; number <= 5; number += 1)
      answered.push(await gateway.hear(guestNumber(number).discover(), 0));
    await gateway.clock.pass(2800);
    const offers = await gateway.hear(guestNumber(6).select('10.15.3.200', SELF));

    expect(answered).toEqual(['', '', '', '', '']);
    expect(offers.match(/DHCPOFFER/g)).toHaveLength(5);
  });

  test('a client that waits for that is one of few: a flood of them keeps no memory', async () => {
    const gateway = await new Gateway().start();
    await gateway.claimAll();

    for (let number = 1; number <= 1000; number += 1) {
      const mac = `52:54:01:00:${(number >> 8).toString(16).padStart(2, '0')}:${(number & 255).toString(16).padStart(2, '0')}`;
      await gateway.hear(new Guest(mac).discover(), 0);
    }

    expect(gateway.counters?.reasons['pool-full']).toBeGreaterThan(400);
    expect(gateway.counters?.waits).toBeLessThan(600);
  });

  test.each(['at once', 'after a restart'])(
    'of a gateway for which a stranger answers ARP: they have leases within half a minute, %s',
    async (when) => {
      const gateway = await (await new Gateway().start()).withOther();
      await gateway.claimAll();
      if (when === 'after a restart') await gateway.restart();

      const got = [await gateway.boot(guestNumber(0), 30)];
      for (const [number] of ALL.slice(1).entries()) got.push(await gateway.boot(guestNumber(number + 1)));

      expect(new Set(got)).toEqual(new Set(ALL));
    },
  );

  test('though gateways share their leases: nothing is stored of one that neither ARP nor a heartbeat shows', async () => {
    const gateway = await new Gateway(new Set()).start();

    await gateway.claimAll();

    expect(new Set(gateway.states)).toEqual(new Set(['unused']));
  });

  test('a gateway that was never found is none, and nothing waits for rivals', async () => {
    const gateway = await new Gateway().start();
    await gateway.claimAll();
    await gateway.clock.pass(3000);

    const guest = guestNumber(1);
    const [, offered = ''] = (await gateway.hear(guest.discover(), 500)).split(' ');
    await gateway.clock.pass(100);

    expect(await gateway.hear(guest.select(offered, SELF), 5)).toBe(`DHCPACK ${offered}`);
    expect(gateway.log.at('info')).not.toContain('another gateway serves this segment');
  });
});

describe('a forged DHCPREQUEST for an address that is on offer', () => {
  const guest = guestNumber(1);

  test('costs its guest nothing, if the gateway that it names is not there', async () => {
    const gateway = await new Gateway().start();
    const offer = await gateway.hear(guest.discover([[50, ...ip('10.15.3.25')]]));

    await gateway.hear(guestNumber(2).select('10.15.3.25', OTHER));

    expect(offer).toBe('DHCPOFFER 10.15.3.25');
    expect(await gateway.hear(guest.select('10.15.3.25', SELF), 20)).toBe('DHCPACK 10.15.3.25');
  });

  test('nor if its sender claims another address already', async () => {
    const gateway = await (await new Gateway().start()).withOther();
    await gateway.hear(guestNumber(2).select('10.15.3.30', OTHER));
    await gateway.hear(guest.discover([[50, ...ip('10.15.3.25')]]), 500);

    await gateway.hear(guestNumber(2).select('10.15.3.25', OTHER));
    await gateway.clock.pass(1500);

    expect(await gateway.hear(guest.select('10.15.3.25', SELF), 1000)).toBe('DHCPACK 10.15.3.25');
  });

  test("a guest of another gateway that has claimed nothing before gets it: it is that gateway's client by now", async () => {
    const gateway = await (await new Gateway().start()).withOther();
    await gateway.hear(guest.discover([[50, ...ip('10.15.3.25')]]), 500);

    await gateway.hear(guestNumber(2).select('10.15.3.25', OTHER));
    await gateway.clock.pass(1500);

    expect(await gateway.hear(guest.select('10.15.3.25', SELF), 1000)).toBe('DHCPNAK 0.0.0.0');
  });
});

describe('what a guest of another gateway has claimed', () => {
  const GUEST = guestNumber(1);
  const STRANGER = guestNumber(2);

  async function claimed(): Promise<Gateway> {
    const gateway = await (await new Gateway().start()).withOther();
    await gateway.hear(GUEST.select('10.15.3.25', OTHER), 2);
    return gateway;
  }

  test.each([
    ['the guest has a lease of that gateway', GUEST, { client: `01${GUEST.mac.replaceAll(':', '')}` }],
    ["nobody knows whose it is, if another machine does, and it is that gateway's", STRANGER, { client: '' }],
  ])('when ARP is answered there: %s', async (_, holder, record) => {
    const gateway = await claimed();
    gateway.segment.holders.set(at('10.15.3.25'), cardOf(holder.mac));

    const before = gateway.at('10.15.3.25')?.leaseSeconds;
    await gateway.clock.pass(5000);

    expect(before).toBe(CLAIM_SECONDS);
    expect(gateway.at('10.15.3.25')).toMatchObject({ state: 'peer', leaseSeconds: 0, ...record });
  });

  test('it is asked for a few seconds later, and again within the minute, also after a restart', async () => {
    const gateway = await claimed();
    const asked = () => gateway.segment.asked.splice(0).filter((each) => each === at('10.15.3.25')).length;
    asked();

    await gateway.clock.pass(60_000);
    const first = asked();
    await gateway.restart();
    await gateway.clock.pass(60_000);

    expect([first, asked()]).toEqual([2, 2]);
  });

  test('if it has answered once, it keeps its address for a lease time, though it is off and nothing else is free', async () => {
    const gateway = await claimed();
    gateway.segment.holders.set(at('10.15.3.25'), cardOf(GUEST.mac));
    await gateway.clock.pass(5000);
    gateway.segment.holders.delete(at('10.15.3.25'));
    const got: string[] = [];
    for (const [number] of ALL.entries()) got.push(await gateway.boot(guestNumber(0x20 + number)));

    await gateway.restart();
    const late = await gateway.boot(guestNumber(0x60), 60);

    expect(got.filter((each) => each !== '')).toHaveLength(ALL.length - 1);
    expect([...got, late]).not.toContain('10.15.3.25');
  });

  test('it is given away after everything else, if ARP has shown nobody', async () => {
    const gateway = await claimed();
    await gateway.clock.pass(30_000);

    const got: string[] = [];
    for (const [number] of ALL.entries()) got.push(await gateway.boot(guestNumber(0x20 + number)));

    expect(got.indexOf('10.15.3.25')).toBe(ALL.length - 1);
  });

  test('a network card has one claim: a newer one ends the older', async () => {
    const gateway = await claimed();

    const other = new Guest(GUEST.mac, { identifier: [255, 0, 0, 1] });
    await gateway.hear(other.select('10.15.3.26', OTHER), 2);

    expect(gateway.at('10.15.3.26')).toMatchObject({ state: 'peer', leaseSeconds: CLAIM_SECONDS });
    expect(gateway.at('10.15.3.25')).toMatchObject({
      state: 'peer',
      client: '',
      leaseSeconds: 0,
      granter: 0,
    });
  });

  test("a forged claim frees no address of another gateway's guest", async () => {
    const gateway = await claimed();
    gateway.segment.holders.set(at('10.15.3.25'), cardOf(GUEST.mac));
    await gateway.clock.pass(5000);

    await gateway.hear(STRANGER.select('10.15.3.25', OTHER), 2);
    await gateway.clock.pass(60_000);

    expect(gateway.at('10.15.3.25')).toMatchObject({ state: 'peer', leaseSeconds: 0, granter: at(OTHER) });
  });
});

describe('rows of earlier versions, which believed whatever they heard', () => {
  /** Every address, of the other gateway's guests. */
  function rows(clock: FakeClock): readonly Lease[] {
    return ALL.map((address, index) => ({
      address: at(address),
      client: client(100 + index),
      hardware: hardware(100 + index),
      granter: at(OTHER),
      state: 'peer',
      expiresAt: NEVER,
      updatedAt: clock.now(),
      leaseSeconds: 0,
      version: index + 1,
    }));
  }

  test('give way if their gateway is not there', async () => {
    const gateway = new Gateway();
    await gateway.start(rows(gateway.clock));

    expect(ALL).toContain(await gateway.boot(guestNumber(1)));
  });

  test('stay for a lease time if ARP finds their gateway', async () => {
    const gateway = new Gateway();
    gateway.segment.holders.set(at(OTHER), hardware(11));
    await gateway.start(rows(gateway.clock));
    await gateway.clock.pass(HOUR);

    expect(await gateway.boot(guestNumber(1))).toBe('');
    expect(gateway.log.at('info')).toContain('another gateway serves this segment');
  });
});
