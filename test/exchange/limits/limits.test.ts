import { describe, expect, test } from 'vitest';
import { Limits } from '../../../src/exchange/limits/limits.ts';
import { observers } from '../../../src/exchange/observer/observer.ts';
import { NO_HARDWARE } from '../../../src/net/hardware-address.ts';
import { UNSPECIFIED } from '../../../src/net/ipv4.ts';
import { NO_LIMITS, type PlanLimits } from '../../../src/subnet/plan.ts';
import { decode } from '../../../src/wire/decode.ts';
import { memoryBench } from '../../support/exchange-bench.ts';
import { Guest } from '../../support/guest.ts';
import { at, planOf, range, segment } from '../../support/plan.ts';
import { cards, Reservations } from '../../support/reservations.ts';

const SERVER = '10.15.3.10';
/** What is set where nothing else is. */
const DEFAULTS: PlanLimits = { ...NO_LIMITS, messagesOfMac: 50, newLeasesOfMac: 12, changesOfMac: 30 };

function guest(number: number, identifier?: string): Guest {
  const digits = number.toString(16).padStart(4, '0');
  const mac = `52:54:00:00:${digits.slice(0, 2)}:${digits.slice(2)}`;
  return new Guest(mac, identifier === undefined ? {} : { identifier: [0, ...Buffer.from(identifier)] });
}

function limited(limits: Partial<PlanLimits>, leasesPerMac = 0, subnet = segment()) {
  const plan = planOf({ limits: { ...NO_LIMITS, ...limits }, leasesPerMac, subnet });
  const made: Limits[] = [];
  const decided: Parameters<Limits['decided']>[] = [];
  const bench = memoryBench({
    plan,
    admissions: [(...message) => made[0]?.admit(...message) ?? 'admitted'],
    observer: (record) => {
      return observers(record, {
        decided: (message, client, decision, outcome) => {
          decided.push([message, client, decision, outcome]);
          made[0]?.decided(message, client, decision, outcome);
        },
      });
    },
  });
  const checks = new Limits(
    bench.store.leases,
    () => bench.clock.monotonic(),
    () => plan,
    4711,
  );
  made.push(checks);
  /** Four messages; the address, or '' if there is none. */
  const boot = async (each: Guest) => {
    await bench.hear(each.discover());
    const offer = bench.replies().at(-1)?.split(' ') ?? [];
    if (offer[0] !== 'DHCPOFFER' || offer[1] === undefined) return '';
    await bench.hear(each.select(offer[1], SERVER));
    const [type, address = ''] = bench.replies().at(-1)?.split(' ') ?? [];
    return type === 'DHCPACK' ? address : '';
  };
  return { bench, boot, decided, limits: checks };
}

describe('messages of one MAC', () => {
  test('beyond so many in a second are dropped and counted; another MAC is answered, and so is this one a second later', async () => {
    const { bench } = limited({ messagesOfMac: 50 });
    for (let count = 0; count < 200; count += 1) await bench.hear(guest(1).discover());

    expect(bench.drops('mac-messages')).toBe(150);
    expect(bench.replies()).toHaveLength(50);
    await bench.hear(guest(2).discover());
    expect(bench.replies()).toHaveLength(1);
    await bench.clock.pass(1000);
    await bench.hear(guest(1).discover());
    expect(bench.replies()).toHaveLength(1);
  });
});

describe('new leases of one MAC', () => {
  test('240 identifiers get a few in a minute; its older leases are renewed and taken up again', async () => {
    const { bench, boot } = limited({ newLeasesOfMac: 12 });
    const own = guest(1, 'the first');
    const address = await boot(own);
    for (let number = 0; number < 240; number += 1) await boot(guest(1, `id-${number}`));

    expect(bench.store.leases.countByState().bound).toBe(12);
    expect(bench.drops('mac-leases')).toBeGreaterThan(200);
    await bench.hearUnicast(own.extend(address), address);
    expect(bench.replies().at(-1)).toContain(`DHCPACK ${address}`);
    expect(await boot(own)).toBe(address);
    expect(await boot(guest(2))).not.toBe('');
    await bench.clock.pass(60_000);
    expect(await boot(guest(1, 'one more'))).not.toBe('');
  });
});

describe('changes of one MAC', () => {
  test('who releases and returns without end is let do so a few times in a minute; renewals do not count', async () => {
    const { bench, boot } = limited({ changesOfMac: 30 });
    const restless = guest(1);
    let address = '';
    for (let round = 0; round < 100; round += 1) {
      const given = await boot(restless);
      if (given !== '') address = given;
      await bench.hearUnicast(restless.release(address, SERVER), address);
    }
    const events = bench.record.decisions.filter((each) => / (bound|released) committed/.test(each));

    expect(events).toHaveLength(30);
    expect(bench.drops('mac-changes')).toBeGreaterThan(100);
    await bench.clock.pass(60_000);
    expect(await boot(restless)).toBe(address);
    for (let count = 0; count < 100; count += 1) await bench.hearUnicast(restless.extend(address), address);
    expect(bench.replies().filter((reply) => reply.startsWith('DHCPACK'))).toHaveLength(100);
  });
});

describe('unknown clients, all together', () => {
  test('get so many leases in a minute, while known ones return and renew', async () => {
    const { bench, boot } = limited({ newLeases: 20 });
    const addresses: string[] = [];
    for (let number = 0; number < 50; number += 1) addresses.push(await boot(guest(number)));

    expect(addresses.filter((address) => address !== '')).toHaveLength(20);
    expect(bench.drops('segment-leases')).toBe(30);
    expect(await boot(guest(3))).toBe(addresses[3]);
  });

  test('are not those that have a reservation: a guest that was pinned ahead gets its address beside them', async () => {
    const reservations = new Reservations();
    const { bench, boot } = limited({ newLeases: 5, unknownMessages: 100 }, 0, segment({ reservations }));
    reservations.add(cards(guest(77).mac)[0] ?? NO_HARDWARE, at('10.15.3.77'));
    for (let number = 0; number < 30; number += 1) await boot(guest(number));

    expect(bench.drops('segment-leases')).toBe(25);
    expect(await boot(guest(77))).toBe('10.15.3.77');
  });

  test('are answered so often in a second, while known ones are always', async () => {
    const { bench, boot } = limited({ unknownMessages: 100 });
    const address = await boot(guest(1));
    for (let number = 0; number < 500; number += 1) await bench.hear(guest(100 + number).discover());

    expect(bench.drops('unknown-messages')).toBe(402);
    expect(await boot(guest(1))).toBe(address);
  });
});

describe('the defaults', () => {
  test('are met by no guest when a whole pool boots at once, each guest asking until it is answered', async () => {
    const { bench, boot } = limited(DEFAULTS, 4);
    const guests = Array.from({ length: 235 }, (_, number) => guest(number));
    for (let again = 0; again < 4; again += 1) await bench.hear(...guests.map((each) => each.discover()));
    await bench.clock.pass(4000);
    bench.replies();
    let waiting = guests;
    for (let round = 0; round < 5 && waiting.length > 0; round += 1) {
      const left: Guest[] = [];
      for (const each of waiting) if ((await boot(each)) === '') left.push(each);
      waiting = left;
    }

    expect(waiting).toEqual([]);
    expect([...bench.record.drops.keys()]).toEqual([]);
  });

  test('nor in a pool of a million addresses: what is counted of each MAC is not met by thousands of others', async () => {
    const subnet = segment({ pools: [range('10.16.0.0', '10.31.255.255')] });
    const { bench } = limited(DEFAULTS);
    bench.exchange.plan = planOf({ limits: DEFAULTS, subnet });
    for (let number = 0; number < 20_000; number += 500) {
      await bench.hear(...Array.from({ length: 500 }, (_, index) => guest(number + index).discover()));
      await bench.clock.pass(10);
    }

    const causes = [...bench.record.drops.keys()].filter((cause) => cause.startsWith('mac-'));
    expect(causes).toEqual([]);
  });

  test('nor when a million guests take a lease in one minute, each with a MAC of its own', async () => {
    const { bench, boot, decided, limits } = limited(DEFAULTS);
    await boot(guest(1));
    const bytes = guest(2).discover();
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const message = decode(bytes, view, 0, bytes.length);
    const [, client, decision] = decided.at(-1) ?? [];
    if (!message.ok || client === undefined || decision === undefined) throw new Error('no guest was leased');

    const plan = planOf({ limits: DEFAULTS });
    const arrival = { via: 'broadcast', source: UNSPECIFIED, local: at(SERVER) } as const;
    let refused = 0;
    for (let number = 0; number < 1_000_000; number += 1) {
      view.setUint32(28 + 2, number); // The last octets of chaddr.
      if (number % 1000 === 0) await bench.clock.pass(60);
      if (limits.admit(message, arrival, bench.clock.monotonic(), plan) !== 'admitted') refused += 1;
      limits.decided(message, client, decision, 'committed');
    }

    expect(decision.reason).toBe('bound');
    expect(refused).toBe(0);
  });
});
