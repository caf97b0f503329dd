import { describe, expect, test } from 'vitest';
import { runningProblemToText } from '../../../src/diagnosis/running-problem.ts';
import { decide } from '../../../src/engine/decide.ts';
import { keyOfIdentifier } from '../../../src/lease/client-key.ts';
import { instant, type Lease, type LeaseState, NEVER } from '../../../src/lease/lease.ts';
import { type HardwareAddress, hardwareFromText } from '../../../src/net/hardware-address.ts';
import { ipv4, UNSPECIFIED } from '../../../src/net/ipv4.ts';
import type { ListenAddressSearch } from '../../../src/server/parts/listen-address-search.ts';
import { Server } from '../../../src/server/server.ts';
import { FakeClock, settle } from '../../support/clock.ts';
import { LogLines } from '../../support/log-lines.ts';
import { memoryStore } from '../../support/memory-store.ts';
import { at, planOf } from '../../support/plan.ts';
import {
  SimulatedListenIpArp,
  SimulatedSegment,
  SimulatedTransport,
} from '../../support/simulated-transport.ts';

const HERE = mac('52:54:00:00:00:0a');
const OTHER_CARD = mac('52:54:00:00:00:0b');
const LOWER = mac('52:54:00:00:00:01');
const HIGHER = mac('52:54:00:00:00:99');
const REMEDY = 'give one of the two an address of its own: find the other by its MAC';

function mac(text: string): HardwareAddress {
  const value = hardwareFromText(text);
  if (value === undefined) throw new Error(text);
  return value;
}

function leaseOf(hardware: HardwareAddress, state: LeaseState): Lease {
  const last = hardware % 256;
  return {
    address: ipv4(at('10.15.3.0') + last),
    client: keyOfIdentifier(Uint8Array.of(1, last)),
    hardware,
    granter: state === 'peer' ? at('10.15.3.11') : UNSPECIFIED,
    state,
    expiresAt: NEVER,
    updatedAt: instant(Date.UTC(2026, 0, 1)),
    leaseSeconds: 0,
    version: last,
  };
}

function found(listenIp: string): ListenAddressSearch {
  const place = { interfaceName: 'eth0', interfaceIndex: 2, prefixLength: 24, mtu: 1500, warning: undefined };
  return { kind: 'found', listenIp: at(listenIp), ...place };
}

/** A node with a listen IP that others may have too. */
class Node {
  readonly clock: FakeClock;
  readonly log = new LogLines();
  readonly arp = new SimulatedListenIpArp(HERE);
  readonly transports: SimulatedTransport[] = [];
  search: ListenAddressSearch = found('10.15.3.10');
  own: readonly HardwareAddress[] = [HERE, OTHER_CARD];
  hasCarrier = true;
  /** False: no ARP can be had. */
  canAsk = true;
  /** When it defended the address. */
  readonly defended: number[] = [];
  readonly server: Server;

  constructor({
    hasDefended = false,
    waits = true,
    storeTakes = 0,
    clock = new FakeClock(),
    leases = [] as readonly Lease[],
  } = {}) {
    this.clock = clock;
    const listenIp = () => (this.canAsk ? { listenIp: this.arp } : {});
    this.server = new Server({
      clock,
      log: this.log,
      decide,
      seed: 4711,
      openStore: (inFlight) => {
        clock.stall(storeTakes);
        return memoryStore({ inFlight, clock, leases });
      },
      findListenAddress: () => this.search,
      openMedium: () => {
        const transport = new SimulatedTransport();
        this.transports.push(transport);
        const segment = Object.assign(new SimulatedSegment(), listenIp());
        const hasCarrier = () => this.hasCarrier;
        return { transport, arp: segment, lost: () => 0, hasCarrier, close: () => transport.close() };
      },
      planOf: (listen) => planOf({ serverIdentifier: listen.listenIp }),
      waits,
      listenIp: {
        openArp: () => (this.canAsk ? { arp: this.arp, close: () => {} } : undefined),
        ownHardware: () => new Set(this.own),
        defended: () => this.defended.push(clock.monotonic()),
        hasDefended: () => hasDefended,
      },
    });
  }

  /** Starts, and lets so much time go by. */
  async start(milliseconds = 100): Promise<void> {
    const started = this.server.start();
    await this.clock.pass(milliseconds);
    await started;
  }

  /** A second in which the gateway on another machine defends the address. */
  async defendedBy(hardware: HardwareAddress): Promise<void> {
    await this.clock.pass(1000);
    this.arp.say('announcement', hardware);
  }

  get status(): string {
    return this.server.status.status;
  }

  get problems(): string {
    return this.server.status.problems.map(runningProblemToText).join('\n');
  }

  count(what: 'probe' | 'announcement'): number {
    return this.arp.sent.filter((sent) => sent === what).length;
  }
}

describe('RFC 5227 §2.1: before it serves', () => {
  test('a listen IP for which nobody answers is served 50 ms after the first question', async () => {
    const node = new Node();

    const started = node.server.start();
    await node.clock.pass(49);
    const before = node.status;
    await node.clock.pass(1);
    await started;

    expect(before).toBe('waiting');
    expect([node.status, node.problems]).toEqual(['serving', '']);
    expect(node.arp.sent[0]).toBe('probe');
  });

  test('the question is asked before the leases are opened, so that a start which takes its time waits no longer', async () => {
    const node = new Node({ storeTakes: 50 });

    await node.server.start();

    expect(node.status).toBe('serving');
  });

  test.each([
    ['of every station', 'ff:ff:ff:ff:ff:ff'],
    ['of a group', '01:00:5e:00:00:01'],
  ])('who names the hardware address %s has no address, and nobody waits for it', async (_whose, forged) => {
    const node = new Node();
    node.arp.holders.add(mac(forged));

    await node.start();

    expect([node.status, node.problems]).toEqual(['serving', '']);
  });

  test('a forger that makes up machines with the address is not waited for; as many as gateways may be are', async () => {
    const node = new Node();
    const holder = (number: number) => mac(`02:00:00:00:00:${(16 + number).toString(16)}`);
    node.arp.holders.add(holder(0));
    await node.start();

    for (let number = 1; number < 10; number += 1) await node.defendedBy(holder(number));
    await node.clock.pass(1000);
    const before = node.status;
    await node.defendedBy(holder(10));
    await node.clock.pass(1000);

    expect([before, node.status]).toEqual(['waiting', 'degraded']);
    expect(node.problems).toContain(REMEDY);
  });

  test('while another machine has the listen IP nothing is opened, and log and status say which MAC and what mends it', async () => {
    const node = new Node();
    node.arp.holders.add(HIGHER);

    await node.start(5000);

    expect(node.transports).toEqual([]);
    expect(node.status).toBe('waiting');
    expect(node.problems).toContain(
      'another machine on eth0 has the listen IP 10.15.3.10 too: 52:54:00:00:00:99',
    );
    expect(node.problems).toContain(REMEDY);
    expect(node.log.lines.filter(({ level }) => level === 'warn')).toEqual([
      {
        level: 'warn',
        message: 'waiting for the listen address',
        fields: {
          cause: 'another machine on eth0 has the listen IP 10.15.3.10 too: 52:54:00:00:00:99',
          remedy: expect.stringContaining(REMEDY),
        },
      },
    ]);
  });

  test('it is said once a minute', async () => {
    const node = new Node();
    node.arp.holders.add(HIGHER);
    await node.start();

    for (let second = 0; second < 150; second += 1) await node.defendedBy(HIGHER);

    expect(node.log.at('warn')).toHaveLength(3);
  });

  test('it serves seconds after the other has gone', async () => {
    const node = new Node();
    node.arp.holders.add(HIGHER);
    await node.start();
    for (let second = 0; second < 10; second += 1) await node.defendedBy(HIGHER);

    node.arp.holders.clear();
    await node.clock.pass(5000);

    expect([node.status, node.problems]).toEqual(['serving', '']);
  });

  test('one lost answer is not taken for a holder that has gone', async () => {
    const node = new Node();
    node.arp.holders.add(HIGHER);
    await node.start();
    for (let second = 0; second < 10; second += 1) await node.defendedBy(HIGHER);

    node.arp.holders.clear();
    await node.clock.pass(2000);
    node.arp.holders.add(HIGHER);
    for (let second = 0; second < 10; second += 1) await node.defendedBy(HIGHER);

    expect(node.transports).toEqual([]);
  });

  test('another address of the interface that the other machine does not have is served at once', async () => {
    const node = new Node();
    node.arp.holders.add(HIGHER);
    await node.start(4000);

    node.arp.holders.clear();
    node.search = { ...found('10.15.3.12'), kind: 'found' } as ListenAddressSearch;
    await node.clock.pass(1500);

    expect(node.server.status).toMatchObject({ status: 'serving', listenIp: '10.15.3.12' });
  });

  test.each([
    ['its own interface', HERE],
    ['another interface of this host, for which the kernel answers too', OTHER_CARD],
  ])('an answer by %s is no other machine', async (_, hardware) => {
    const node = new Node();
    node.arp.holders.add(hardware);

    await node.start();

    expect([node.status, node.problems]).toEqual(['serving', '']);
  });

  test('a machine that answers for every address is not believed about this one', async () => {
    const node = new Node();
    node.arp.holders.add(HIGHER);
    node.arp.proxies.add(HIGHER);

    await node.start(60_000);

    expect([node.status, node.problems]).toEqual(['serving', '']);
    expect(node.log.at('warn')).toEqual([]);
  });

  test('and does not hide another one that has it', async () => {
    const node = new Node();
    node.arp.holders.add(LOWER);
    node.arp.holders.add(HIGHER);
    node.arp.proxies.add(HIGHER);

    await node.start(4000);

    expect(node.problems).toContain('52:54:00:00:00:01');
  });

  test('without ARP nothing is asked, and it serves at once', async () => {
    const node = new Node();
    node.canAsk = false;

    await node.server.start();

    expect(node.status).toBe('serving');
    expect(node.arp.sent).toEqual([]);
  });

  test('where nothing is to be waited for, it is an error that names the MAC', async () => {
    const node = new Node({ waits: false });
    node.arp.holders.add(HIGHER);
    const failed = expect(node.server.start()).rejects.toMatchObject({
      code: 'listen-ip-missing',
      message: expect.stringContaining('52:54:00:00:00:99'),
    });

    await node.clock.pass(100);

    await failed;
  });
});

describe('RFC 5227 §2.4: while it serves', () => {
  test('it asks twice a minute, and no more while nobody answers', async () => {
    const node = new Node();
    await node.start();
    node.arp.sent.length = 0;

    await node.clock.pass(300_000);

    expect([node.count('probe'), node.count('announcement')]).toEqual([10, 0]);
  });

  test.each(['use', 'announcement'] as const)(
    'another machine that is heard with the listen IP (%s) is a problem that names its MAC; it serves on',
    async (sign) => {
      const node = new Node();
      await node.start();

      node.arp.say(sign, HIGHER);
      await node.clock.pass(1000);

      expect(node.server.status).toMatchObject({ status: 'degraded', listenIp: '10.15.3.10' });
      expect(node.problems).toContain('52:54:00:00:00:99');
      expect(node.problems).toContain(REMEDY);
      expect(node.log.at('warn')).toEqual(['another machine has the listen IP']);
      expect(node.transports.map(({ isClosed }) => isClosed)).toEqual([false]);
    },
  );

  test('one that answers its questions is found within half a minute', async () => {
    const node = new Node();
    await node.start();

    node.arp.holders.add(HIGHER);
    await node.clock.pass(32_000);

    expect(node.problems).toContain('52:54:00:00:00:99');
  });

  test('one that probes for the listen IP is asked about at once', async () => {
    const node = new Node();
    await node.start(2000);

    node.arp.holders.add(HIGHER);
    node.arp.say('probe', HIGHER);
    await node.clock.pass(2000);

    expect(node.problems).toContain('52:54:00:00:00:99');
  });

  test('a probe alone is no conflict: nobody has the address by it', async () => {
    const node = new Node();
    await node.start();

    node.arp.say('probe', HIGHER);
    await node.clock.pass(5000);

    expect([node.status, node.problems]).toEqual(['serving', '']);
  });

  test('the problem ends when the other was not heard for three minutes, and the log says so', async () => {
    const node = new Node();
    await node.start();
    node.arp.say('use', HIGHER);

    await node.clock.pass(170_000);
    const during = node.status;
    await node.clock.pass(15_000);

    expect([during, node.status]).toEqual(['degraded', 'serving']);
    expect(node.log.at('warn')).toEqual([
      'another machine has the listen IP',
      'no other machine has the listen IP any more',
    ]);
  });

  test('the address is defended every ten seconds as long as the other is heard, and not afterwards', async () => {
    const node = new Node();
    await node.start();
    node.arp.holders.add(HIGHER);
    node.arp.say('use', HIGHER);

    await node.clock.pass(60_000);
    const during = node.count('announcement');
    node.arp.holders.clear();
    await node.clock.pass(60_000);

    expect(during).toBeGreaterThanOrEqual(5);
    expect(during).toBeLessThanOrEqual(7);
    expect(node.count('announcement')).toBeLessThanOrEqual(during + 2);
    expect(node.defended).toHaveLength(node.count('announcement'));
  });

  test("the host's own interfaces are no conflict", async () => {
    const node = new Node();
    await node.start();

    node.arp.say('use', OTHER_CARD);
    node.arp.say('announcement', HERE);
    await node.clock.pass(60_000);

    expect([node.status, node.count('announcement')]).toEqual(['serving', 0]);
  });

  test('a guest that forges one hardware address after the other fills neither log nor memory', async () => {
    const node = new Node();
    await node.start();

    for (let second = 0; second < 120; second += 1) {
      for (let number = 0; number < 100; number += 1) {
        node.arp.say('use', mac(`02:00:00:00:${hex(second)}:${hex(number)}`));
      }
      await node.clock.pass(1000);
    }

    expect(node.log.at('warn').length).toBeLessThanOrEqual(3);
    expect(node.arp.askedForNobody).toBeLessThanOrEqual(122);
    expect(node.server.status.problems).toHaveLength(1);
    expect(node.server.status.listenIp).toBe('10.15.3.10');
  });
});

describe('who is first', () => {
  test('a machine that has the address and does not defend it runs no gateway: it is waited for some seconds, not for ever', async () => {
    const node = new Node();
    node.arp.holders.add(HIGHER);

    await node.start(5000);
    const before = node.status;
    await node.clock.pass(4000);

    expect([before, node.status]).toEqual(['waiting', 'degraded']);
    expect(node.problems).toContain('52:54:00:00:00:99');
  });

  test('a gateway that defends the address is waited for as long as it does', async () => {
    const node = new Node();
    node.arp.holders.add(LOWER);
    node.arp.holders.add(HIGHER);
    await node.start();

    for (let second = 0; second < 600; second += 1) await node.defendedBy(HIGHER);

    expect(node.transports).toEqual([]);
  });

  test.each([
    ['leases an address here', 'bound'],
    ['leases an address from another gateway', 'peer'],
  ] as const)(
    'a guest that %s runs no gateway, and is not waited for though it imitates one',
    async (_, state) => {
      const node = new Node({ leases: [leaseOf(HIGHER, state)] });
      node.arp.holders.add(HIGHER);
      await node.start();

      for (let second = 0; second < 5; second += 1) await node.defendedBy(HIGHER);
      const before = node.status;
      for (let second = 0; second < 4; second += 1) await node.defendedBy(HIGHER);

      expect([before, node.status]).toEqual(['waiting', 'degraded']);
      expect(node.problems).toContain('52:54:00:00:00:99');
    },
  );

  test('a gateway is waited for, and named, also while a guest imitates it; a guest of yesterday is none', async () => {
    const node = new Node({ leases: [leaseOf(HIGHER, 'bound'), leaseOf(LOWER, 'free')] });
    node.arp.holders.add(LOWER);
    node.arp.holders.add(HIGHER);
    await node.start();

    for (let second = 0; second < 60; second += 1) {
      await node.defendedBy(LOWER);
      node.arp.say('announcement', HIGHER);
    }

    expect(node.transports).toEqual([]);
    expect(node.problems).toContain('52:54:00:00:00:01');
  });

  test('one that has just served against the other is not kept from it by its own restart', async () => {
    const node = new Node({ hasDefended: true });
    node.arp.holders.add(HIGHER);

    await node.start(5000);

    expect(node.status).toBe('degraded');
  });

  test('but it waits if the other serves by now', async () => {
    const node = new Node({ hasDefended: true });
    node.arp.holders.add(HIGHER);

    await node.start();
    for (let second = 0; second < 60; second += 1) await node.defendedBy(HIGHER);

    expect(node.status).toBe('waiting');
  });

  test.each([
    ['the lower hardware address goes first', HIGHER, 'degraded'],
    ['the higher one waits', LOWER, 'waiting'],
  ])('of two that wait for each other %s', async (_, other, expected) => {
    const node = new Node();
    node.arp.holders.add(other);

    await node.start(500);
    for (let second = 0; second < 9; second += 1) {
      node.arp.say('probe', other);
      await node.clock.pass(1000);
    }

    expect(node.status).toBe(expected);
  });

  test('one that probes and defends the address, as it does while it serves, does not wait', async () => {
    const node = new Node();
    node.arp.holders.add(HIGHER);
    await node.start();

    for (let second = 0; second < 60; second += 1) {
      node.arp.say('probe', HIGHER);
      await node.defendedBy(HIGHER);
    }

    expect(node.status).toBe('waiting');
  });
});

describe('a link that comes, or comes back', () => {
  test('shows that another gateway serves by now: this one gives way and waits', async () => {
    const node = new Node();
    node.hasCarrier = false;
    await node.start(30_000);

    node.hasCarrier = true;
    node.arp.holders.add(HIGHER);
    for (let second = 0; second < 10; second += 1) {
      await node.clock.pass(1000);
      node.arp.say('announcement', HIGHER);
    }

    expect(node.status).toBe('waiting');
    expect(node.transports.map(({ isClosed }) => isClosed)).toEqual([true]);
    expect(node.log.at('warn')).toContain(
      'another gateway serves on the listen IP, since this one was not seen for a while',
    );
  });

  test('a guest that imitates a gateway then takes no service from this one', async () => {
    const node = new Node({ leases: [leaseOf(HIGHER, 'bound')] });
    node.hasCarrier = false;
    await node.start(30_000);

    node.hasCarrier = true;
    node.arp.holders.add(HIGHER);
    for (let second = 0; second < 10; second += 1) await node.defendedBy(HIGHER);

    expect(node.status).toBe('degraded');
    expect(node.transports.map(({ isClosed }) => isClosed)).toEqual([false]);
  });

  test('a gateway that stood still gives way to the one that began meanwhile', async () => {
    const node = new Node();
    await node.start(30_000);

    node.clock.stall(20_000);
    node.arp.holders.add(HIGHER);
    for (let second = 0; second < 8; second += 1) await node.defendedBy(HIGHER);

    expect(node.status).toBe('waiting');
  });

  test('changes nothing where the other one waits', async () => {
    const node = new Node();
    await node.start(30_000);

    node.hasCarrier = false;
    await node.clock.pass(2000);
    node.hasCarrier = true;
    node.arp.holders.add(HIGHER);
    for (let second = 0; second < 10; second += 1) {
      node.arp.say('probe', HIGHER);
      await node.clock.pass(1000);
    }

    expect(node.status).toBe('degraded');
    expect(node.transports).toHaveLength(1);
  });

  test('is no reason to give way later', async () => {
    const node = new Node();
    await node.start(30_000);

    for (let second = 0; second < 30; second += 1) {
      node.arp.say('announcement', HIGHER);
      await node.clock.pass(1000);
    }

    expect(node.status).toBe('degraded');
    expect(node.transports).toHaveLength(1);
  });
});

describe('an address that goes while another one comes', () => {
  test('is waited for some seconds before the other one is taken', async () => {
    const node = new Node();
    await node.start();

    node.search = found('10.15.3.11');
    await node.clock.pass(3000);
    const during = [node.status, node.problems];
    node.search = found('10.15.3.10');
    await node.clock.pass(2000);

    expect(during).toEqual([
      'waiting',
      '10.15.3.10 is gone; it may come back before 10.15.3.11 on eth0 is taken; ' +
        '`ip addr add 10.15.3.10/24 dev eth0`, or wait',
    ]);
    expect(node.server.status).toMatchObject({ status: 'serving', listenIp: '10.15.3.10' });
  });

  test('does not keep the server from serving on the other one then', async () => {
    const node = new Node();
    await node.start();

    node.search = found('10.15.3.11');
    await node.clock.pass(8000);

    expect(node.server.status).toMatchObject({ status: 'serving', listenIp: '10.15.3.11' });
  });
});

describe('stopping', () => {
  test('ends a wait for another machine', async () => {
    const node = new Node();
    node.arp.holders.add(HIGHER);
    await node.start(5000);

    await node.server.stop();
    node.arp.holders.clear();
    await node.clock.pass(10_000);
    await settle();

    expect([node.status, node.transports]).toEqual(['stopped', []]);
  });
});

function hex(number: number): string {
  return number.toString(16).padStart(2, '0');
}
