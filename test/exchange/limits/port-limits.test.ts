import { describe, expect, test } from 'vitest';
import { BridgeGuestPorts } from '../../../src/detection/guest-ports.ts';
import { Limits } from '../../../src/exchange/limits/limits.ts';
import { observers } from '../../../src/exchange/observer/observer.ts';
import { NO_LIMITS, type PlanLimits } from '../../../src/subnet/plan.ts';
import { memoryBench } from '../../support/exchange-bench.ts';
import { Guest } from '../../support/guest.ts';
import { planOf, range, segment } from '../../support/plan.ts';
import { PluggedCards } from '../../support/plugged.ts';

const SERVER = '10.15.3.10';
/** What is set where nothing else is. */
const DEFAULTS: PlanLimits = { ...NO_LIMITS, messagesOfMac: 50, newLeasesOfMac: 12, changesOfMac: 30 };

/** A segment whose guests are plugged in at ports that the gateway sees. */
function plugged(subnet = segment(), limitsPorts = true) {
  const plan = planOf({ limits: DEFAULTS, subnet, limitsPorts });
  const cards = new PluggedCards();
  const made: Limits[] = [];
  const bench = memoryBench({
    plan,
    admissions: [(...message) => made[0]?.admit(...message) ?? 'admitted'],
    observer: (record) =>
      observers(record, {
        decided: (message, client, decision, outcome) => made[0]?.decided(message, client, decision, outcome),
      }),
  });
  const guestPorts = new BridgeGuestPorts(cards, bench.clock, 4711);
  bench.serverState.guestPorts = guestPorts;
  const monotonic = () => bench.clock.monotonic();
  made.push(new Limits(bench.store.leases, monotonic, () => plan, 4711, guestPorts));
  let last = 0;
  /** A machine with a MAC that nobody had before, at this port. */
  const guestAt = (port: string): Guest => {
    last += 1;
    const digits = last.toString(16).padStart(6, '0');
    const guest = new Guest(`52:54:00:${digits.slice(0, 2)}:${digits.slice(2, 4)}:${digits.slice(4)}`);
    cards.plug(guest.mac, port);
    return guest;
  };
  /** Four messages; the address, or '' if there is none. */
  const boot = async (guest: Guest) => {
    await bench.hear(guest.discover());
    const [type, address = ''] = bench.replies().at(-1)?.split(' ') ?? [];
    if (type !== 'DHCPOFFER') return '';
    await bench.hear(guest.select(address, SERVER));
    return bench.replies().at(-1)?.startsWith('DHCPACK') === true ? address : '';
  };
  /** So many DHCPDISCOVERs in a second, each from another MAC at this port. */
  const flood = async (port: string, count: number) => {
    for (let sent = 0; sent < count; sent += 50) {
      await bench.hear(...Array.from({ length: 50 }, () => guestAt(port).discover()));
      await bench.clock.pass(50_000 / count);
    }
    bench.replies();
  };
  return { bench, cards, guestAt, boot, flood };
}

describe('a guest that changes its MAC with each message', () => {
  test('is one guest: beside its flood, guests at other ports get a lease at once', async () => {
    const { bench, guestAt, boot, flood } = plugged();
    for (let second = 0; second < 5; second += 1) await flood('tap666i0', 5000);

    expect(bench.drops('port-messages')).toBeGreaterThan(24_000);
    const decided = bench.record.decisions.length;
    expect(decided).toBeLessThan(1000);
    for (let number = 0; number < 20; number += 1)
      expect(await boot(guestAt(`tap${104 + number}i0`))).not.toBe('');
  });

  test('is one guest too where it renews in invented names; who is known behind that port renews', async () => {
    const { bench, guestAt, boot } = plugged();
    const known = guestAt('tap666i0');
    const address = await boot(known);
    for (let sent = 0; sent < 5000; sent += 50)
      await bench.hear(...Array.from({ length: 50 }, () => guestAt('tap666i0').extend('10.15.3.77')));
    bench.replies();
    await bench.hear(known.extend(address));

    expect(bench.drops('port-messages')).toBeGreaterThan(4000);
    expect(bench.replies().at(-1)).toBe(`DHCPACK ${address} to ${known.mac}`);
  });

  test('keeps nobody who is known from what it had, not even behind the same port', async () => {
    const { bench, guestAt, boot, flood } = plugged();
    const known = guestAt('tap666i0');
    const address = await boot(known);
    await flood('tap666i0', 5000);

    expect(await boot(known)).toBe(address);
    await bench.hearUnicast(known.extend(address), address);
    expect(bench.replies().at(-1)).toContain(`DHCPACK ${address}`);
  });

  test('is not told from the guests of other nodes where it is behind the tunnel, nor at a port that nobody knows', async () => {
    const { bench, flood } = plugged();
    await flood('vxlan_vps', 2000);
    await flood('bond0', 2000);

    expect([...bench.record.drops.keys()].filter((cause) => cause.startsWith('port-'))).toEqual([]);
  });

  test('is let do as it likes without pressure: it may be a host of containers', async () => {
    const { bench, guestAt, boot } = plugged();
    for (let number = 0; number < 60; number += 1) {
      expect(await boot(guestAt('tap104i0'))).not.toBe('');
      await bench.clock.pass(100);
    }

    expect([...bench.record.drops.keys()]).toEqual([]);
  });

  test('takes and releases leases a few times in a minute while much is asked for', async () => {
    const { bench, guestAt, boot, flood } = plugged();
    await flood('vxlan_vps', 5000);
    let taken = 0;
    for (let round = 0; round < 60; round += 1) {
      const guest = guestAt('tap666i0');
      const address = await boot(guest);
      if (address === '') continue;
      taken += 1;
      await bench.hearUnicast(guest.release(address, SERVER), address);
    }

    expect(taken).toBe(12);
    expect(bench.drops('port-leases')).toBe(48);
  });
});

describe('a whole pool that boots at once', () => {
  test('meets no limit of ports, each guest at a port of its own', async () => {
    const { bench, guestAt, boot } = plugged();
    const guests = Array.from({ length: 235 }, (_, number) => guestAt(`tap${100 + number}i0`));
    for (let again = 0; again < 4; again += 1) await bench.hear(...guests.map((each) => each.discover()));
    await bench.clock.pass(4000);
    bench.replies();
    const addresses = new Set<string>();
    for (const each of guests) addresses.add(await boot(each));

    expect(addresses.has('')).toBe(false);
    expect(addresses.size).toBe(235);
    expect([...bench.record.drops.keys()]).toEqual([]);
  });
});

describe('the leases of the guest at one port', () => {
  test('are half of what is free at most, one after the other or all at once', async () => {
    for (const isAtOnce of [false, true]) {
      const { bench, guestAt, boot } = plugged();
      const hostile = Array.from({ length: 240 }, () => guestAt('tap666i0'));
      if (isAtOnce) {
        await bench.hear(
          ...hostile.map((each, number) => each.select(`10.15.3.${20 + (number % 235)}`, SERVER)),
        );
      } else for (const each of hostile) await boot(each);
      bench.replies();

      const { bound } = bench.store.leases.countByState();
      expect([118, 119]).toContain(bound);
      expect(bench.store.leases.leasesAt('tap666i0')).toBe(bound);
      for (let number = 0; number < 20; number += 1)
        expect(await boot(guestAt(`tap${104 + number}i0`))).not.toBe('');
      expect(bench.record.decisions.some((each) => each.includes('share-of-port'))).toBe(true);
    }
  });

  test('are a third each where two take what they can; what one gives back is free again', async () => {
    const { bench, guestAt, boot } = plugged();
    const leases: [Guest, string][] = [];
    for (let number = 0; number < 240; number += 1)
      for (const port of ['tap666i0', 'tap667i0']) {
        const guest = guestAt(port);
        const address = await boot(guest);
        if (address !== '') leases.push([guest, address]);
        await bench.clock.pass(50);
      }
    const { leases: view } = bench.store;
    expect([view.leasesAt('tap666i0'), view.leasesAt('tap667i0')]).toEqual([79, 78]);

    for (const [guest, address] of leases) await bench.hearUnicast(guest.release(address, SERVER), address);
    expect([view.leasesAt('tap666i0'), view.leasesAt('tap667i0')]).toEqual([0, 0]);
  });

  test('are a few in any case, and their renewals are always granted', async () => {
    const { bench, guestAt, boot } = plugged(segment({ pools: [range('10.15.3.20', '10.15.3.24')] }));
    const own = Array.from({ length: 5 }, () => guestAt('tap104i0'));
    const addresses: string[] = [];
    for (const each of own) addresses.push(await boot(each));

    expect(addresses.filter((address) => address !== '')).toHaveLength(4);
    expect(await boot(guestAt('tap105i0'))).not.toBe('');
    await bench.clock.pass(60_000);
    const [first = ''] = addresses;
    await bench.hearUnicast(own[0]?.extend(first) ?? new Uint8Array(), first);
    expect(bench.replies().at(-1)).toContain(`DHCPACK ${first}`);
    expect(own[0] && (await boot(own[0]))).toBe(first);
  });

  test('are any number where the operator says so, and so are its messages', async () => {
    const { bench, guestAt, boot, flood } = plugged(segment(), false);
    for (let number = 0; number < 235; number += 1) expect(await boot(guestAt('tap104i0'))).not.toBe('');
    await flood('tap104i0', 2000);

    expect(bench.store.leases.countByState().bound).toBe(235);
    expect([...bench.record.drops.keys()]).toEqual([]);
  });

  test('are not counted behind the tunnel, where the guests of all other nodes are', async () => {
    const { bench, guestAt, boot } = plugged();
    for (let number = 0; number < 235; number += 1) expect(await boot(guestAt('vxlan_vps'))).not.toBe('');

    expect(bench.store.leases.countByState().bound).toBe(235);
  });
});
