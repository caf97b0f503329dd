import { describe, expect, test } from 'vitest';
import { type HardwareAddress, hardwareFromText, NO_HARDWARE } from '../../../src/net/hardware-address.ts';
import { type Ipv4, ipv4, ipv4ToText } from '../../../src/net/ipv4.ts';
import type { Plan } from '../../../src/subnet/plan.ts';
import { settle } from '../../support/clock.ts';
import { optionOf } from '../../support/conversation.ts';
import { Guest } from '../../support/guest.ts';
import { at, planOf, range, segment } from '../../support/plan.ts';
import { ServerNode } from '../../support/server-node.ts';

const SERVER = '10.15.3.10';
const STEP = 50;
/** RFC 2131 §4.1: a guest asks again after four seconds, then after eight, and so on. */
const FIRST_DELAY = 4000;
const OFFER = 2;
const ACK = 5;
const NAK = 6;
const LIAR = card(0xee);
/** The server asks for the whole pool within this time after its start: milliseconds. */
const ASKED_ALL = 5000;

function card(number: number): HardwareAddress {
  return (0x525400000000 + number) as HardwareAddress;
}

async function serving(overrides: Partial<Plan> = {}): Promise<ServerNode> {
  const node = new ServerNode({
    planOf: (listen) => planOf({ serverIdentifier: listen.listenIp, probeMilliseconds: 300, ...overrides }),
  });
  await node.server.start();
  return node;
}

interface Machine {
  readonly guest: Guest;
  address: string;
  sendAt: number;
  delay: number;
}

function machine(number: number, now: number): Machine {
  const guest = new Guest(`52:54:00:00:01:${number.toString(16).padStart(2, '0')}`);
  return { guest, address: '', sendAt: now, delay: FIRST_DELAY };
}

/** Boots guests together; returns how long each took, in milliseconds of the clock; those that got nothing are missing. */
async function bootAll(node: ServerNode, numbers: readonly number[], limit: number): Promise<number[]> {
  const { clock, segment: arp } = node;
  const begun = clock.monotonic();
  const guests = new Map(numbers.map((number) => [number, machine(number, begun)]));
  const took: number[] = [];
  const done = (each: Machine) => {
    took.push(clock.monotonic() - begun);
    arp.holders.set(at(each.address), hardwareFromText(each.guest.mac) ?? NO_HARDWARE);
  };
  while (took.length < numbers.length && clock.monotonic() - begun < limit) {
    for (const each of guests.values()) {
      if (each.address !== '' || clock.monotonic() < each.sendAt) continue;
      each.sendAt += each.delay;
      each.delay *= 2;
      node.transport.put(each.guest.discover());
    }
    node.transport.deliver();
    await clock.pass(STEP);
    for (const { bytes } of node.transport.sent.splice(0)) {
      const each = guests.get(bytes[33] ?? 0);
      const type = optionOf(bytes, 53)?.[0];
      if (each === undefined || each.address !== '') continue;
      const offered = bytes.subarray(16, 20).join('.');
      if (type === OFFER) node.transport.put(each.guest.select(offered, SERVER));
      if (type === NAK) each.sendAt = clock.monotonic();
      if (type !== ACK) continue;
      each.address = offered;
      done(each);
    }
  }
  return took;
}

const numbers = (first: number, count: number) => Array.from({ length: count }, (_, index) => first + index);

/** Who answers for each address that is asked for, as attackers do. */
const LIARS: Readonly<Record<string, () => (address: Ipv4) => HardwareAddress>> = {
  'one MAC for every address': () => () => LIAR,
  'a fresh MAC for each answer': () => {
    let fresh = 0x10_0000;
    return () => {
      fresh += 1;
      return card(fresh);
    };
  },
  'a MAC of its own for each address': () => (address) => card(0x20_0000 + (address & 0xffff)),
};

describe('a machine that answers ARP for addresses that it does not have', () => {
  describe.each(Object.keys(LIARS))('%s', (name) => {
    const liar = () => LIARS[name]?.() ?? (() => LIAR);

    test('keeps no new guest away for longer than 30 s, and quarantines next to nothing', async () => {
      const node = await serving();
      await node.clock.pass(ASKED_ALL);
      node.segment.liar = liar();

      const took = await bootAll(node, numbers(1, 20), 30_000);

      expect(took).toHaveLength(20);
      expect(node.server.status.leases['declined'] ?? 0).toBeLessThanOrEqual(16);
      expect(node.server.status.counters.mistakes).toBe(0);
      await node.server.stop();
    });

    test('ends no lease: those of guests that boot after a restart are confirmed, and others are renewed', async () => {
      const node = await serving();
      await node.clock.pass(ASKED_ALL);
      await bootAll(node, numbers(1, 20), 30_000);
      const leases = [...(node.store?.leases.running(node.clock.now(), () => true) ?? [])];
      node.segment.liar = liar();
      await node.clock.pass(300_000);
      node.hasCarrier = false; // What is stored is to be asked for again.
      await node.clock.pass(2000);
      node.hasCarrier = true;
      await node.clock.pass(2000);

      const confirmed: string[] = [];
      for (const { address, hardware } of leases) {
        const guest = new Guest(`52:54:00:00:01:${(hardware & 255).toString(16).padStart(2, '0')}`);
        node.transport.put(guest.reboot(ipv4ToText(address)));
        node.transport.deliver();
        await node.clock.pass(400);
        node.transport.put(guest.extend(ipv4ToText(address)), address);
        node.transport.deliver();
        await node.clock.pass(10);
        confirmed.push(...node.transport.sent.splice(0).map(({ bytes }) => `${optionOf(bytes, 53)?.[0]}`));
      }

      expect(confirmed).toEqual(new Array(40).fill(`${ACK}`));
      expect(node.server.status.leases).toMatchObject({ bound: 20, declined: 0 });
      await node.server.stop();
    });

    test('fills no log', async () => {
      const node = await serving();
      await node.clock.pass(ASKED_ALL);
      node.segment.liar = liar();

      await bootAll(node, numbers(1, 50), 30_000);

      const said = node.log.lines.filter(({ message }) => message === 'ARP answers are not believed');
      expect(said.length).toBeGreaterThan(0);
      expect(said.length).toBeLessThanOrEqual(3);
      await node.server.stop();
    });
  });

  test('from before the start of the gateway on, with a fresh MAC for each answer or one for all, keeps no guest away either', async () => {
    for (const name of ['a fresh MAC for each answer', 'one MAC for every address']) {
      const node = await serving();
      node.segment.liar = LIARS[name]?.() ?? (() => LIAR);
      await node.clock.pass(ASKED_ALL);

      expect(await bootAll(node, numbers(1, 20), 30_000), name).toHaveLength(20);
      await node.server.stop();
    }
  });

  test('beside machines that are set to addresses by hand: those keep theirs', async () => {
    const node = await serving({ subnet: segment({ pools: [range('10.15.3.20', '10.15.3.79')] }) });
    const byHand = numbers(0, 12).map((index) => ipv4(at('10.15.3.20') + 5 * index));
    for (const address of byHand) node.segment.holders.set(address, card(0x30_0000 + (address % 256)));
    await node.clock.pass(ASKED_ALL);
    node.segment.liar = LIARS['a fresh MAC for each answer']?.() ?? (() => LIAR);

    await bootAll(node, numbers(1, 40), 60_000);

    const given =
      node.store?.leases.running(node.clock.now(), () => true).map(({ address }) => address) ?? [];
    expect(given.filter((address) => byHand.includes(address))).toEqual([]);
    expect(given.length).toBeGreaterThanOrEqual(20);
    await node.server.stop();
  });
});

describe('RFC 2131 §3.1 (2): another machine is heard at the address while the lease is being stored', () => {
  const GUEST = new Guest('52:54:00:00:00:01');
  const STRANGER = card(0x99);

  /** A guest's DHCPREQUEST whose commit takes 50 ms, during which the stranger speaks. */
  async function heardMeanwhile(speaks: (node: ServerNode, address: Ipv4) => void) {
    const node = await serving();
    await node.clock.pass(ASKED_ALL);
    node.transport.put(GUEST.discover());
    node.transport.deliver();
    await node.clock.pass(100);
    const [offer] = node.transport.sent.splice(0);
    const address = at(offer?.bytes.subarray(16, 20).join('.') ?? '');
    node.store?.script({ takes: 50 });
    node.transport.put(GUEST.select(ipv4ToText(address), SERVER));
    node.transport.deliver();
    await node.clock.pass(20);
    expect(node.store?.underWay).toBe(1);
    speaks(node, address);
    await node.clock.pass(40);
    await settle();
    return { node, address, atOnce: types(node) };
  }

  function types(node: ServerNode): (number | undefined)[] {
    return node.transport.sent.splice(0).map(({ bytes }) => optionOf(bytes, 53)?.[0]);
  }

  test('the DHCPACK does not leave; if the machine answers, the address is quarantined and the guest begins again', async () => {
    const { node, address, atOnce } = await heardMeanwhile(({ segment: arp }, where) => {
      arp.holders.set(where, STRANGER);
      arp.say(where, STRANGER);
    });

    await node.clock.pass(400);

    expect([...atOnce, ...types(node)]).toEqual([NAK]);
    expect(node.store?.leases.recordAt(address)).toMatchObject({ state: 'declined', hardware: STRANGER });
    expect(node.server.status.counters.replies).toEqual({ DHCPOFFER: 1, DHCPNAK: 1 });
  });

  test('what lies in the socket unread when the lease has been stored counts too', async () => {
    const { node, atOnce } = await heardMeanwhile(({ segment: arp }, where) => {
      arp.holders.set(where, STRANGER);
      arp.unread.push([where, STRANGER]);
    });

    await node.clock.pass(400);

    expect([atOnce, types(node)]).toEqual([[], [NAK]]);
  });

  test('if nobody answers, the DHCPACK leaves after the question', async () => {
    const { node, address, atOnce } = await heardMeanwhile(({ segment: arp }, where) =>
      arp.say(where, STRANGER),
    );

    await node.clock.pass(400);

    expect([atOnce, types(node)]).toEqual([[], [ACK]]);
    expect(node.store?.leases.recordAt(address)).toMatchObject({ state: 'bound' });
  });

  test("the guest's own ARP holds nothing up", async () => {
    const { atOnce } = await heardMeanwhile(({ segment: arp }, where) =>
      arp.say(where, hardwareFromText(GUEST.mac) ?? NO_HARDWARE),
    );

    expect(atOnce).toEqual([ACK]);
  });

  test('whoever speaks for ever holds a guest up once', async () => {
    const { node, atOnce } = await heardMeanwhile(({ segment: arp, clock }, where) => {
      const speak = () => {
        arp.say(where, STRANGER, 'announcement');
        clock.after(5, speak);
      };
      speak();
      for (let other = 30; other < 40; other += 1) arp.say(at(`10.15.3.${other}`), STRANGER);
    });
    node.store?.script({ takes: 50 });

    await node.clock.pass(1000);

    expect(atOnce).toEqual([]);
    expect(types(node)).toEqual([ACK]);
  });
});
