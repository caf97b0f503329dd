import { describe, expect, test } from 'vitest';
import { memoryBench } from '../../support/exchange-bench.ts';
import { Guest } from '../../support/guest.ts';

const SERVER = '10.15.3.10';

function guest(number: number): Guest {
  const digits = number.toString(16).padStart(4, '0');
  return new Guest(`52:54:00:00:${digits.slice(0, 2)}:${digits.slice(2)}`);
}

describe('of what arrives together', () => {
  test('renewals are decided first, then the other DHCPREQUESTs, then DHCPDISCOVERs; a sender’s stay in their order', async () => {
    const bench = memoryBench();
    await bench.hear(guest(1).discover());
    await bench.hear(guest(1).select('10.15.3.20', SERVER));
    const address = bench.replies().at(-1)?.split(' ')[1] ?? '';
    bench.record.decisions.length = 0;

    const informs = Array.from({ length: 12 }, (_, number) => guest(100 + number).inform('10.15.3.250'));
    await bench.hear(
      guest(2).discover(),
      guest(3).reboot('10.15.3.77'),
      guest(4).discover(),
      guest(1).extend(address),
      ...informs,
      guest(4).reboot('10.15.3.78'),
    );

    const types = bench.record.decisions.map((each) => each.split(' ')[0]);
    expect(types.filter((type) => type !== 'DHCPINFORM')).toEqual([
      'DHCPREQUEST', // Of guest 3.
      'DHCPDISCOVER',
      'DHCPDISCOVER',
      'DHCPREQUEST', // Of guest 4, after its DHCPDISCOVER.
      'DHCPREQUEST', // Of guest 1, which has an address: told after its commit.
    ]);
    expect(types.slice(0, 12).every((type) => type === 'DHCPINFORM')).toBe(true);
  });
});

test('a client with a lease that begins again is decided before those that nobody knows', async () => {
  const bench = memoryBench();
  await bench.hear(guest(1).discover());
  const address = bench.replies().at(-1)?.split(' ')[1] ?? '';
  await bench.hear(guest(1).select(address, SERVER));
  bench.replies();

  const strangers = Array.from({ length: 20 }, (_, number) => guest(100 + number).discover());
  await bench.hear(...strangers, guest(1).discover());

  const [first = ''] = bench.replies();
  expect(first).toBe(`DHCPOFFER ${address} to ${guest(1).mac}`);
});

describe('when more arrives than can be decided', () => {
  /** Rounds of full sockets, a tenth of a second apart: each with DHCPDISCOVERs, or other messages, of ever new clients. */
  async function flood(rounds: number, forged = (one: Guest) => one.discover()) {
    const bench = memoryBench();
    const known = guest(1);
    await bench.hear(known.discover());
    const address = bench.replies().at(-1)?.split(' ')[1] ?? '';
    await bench.hear(known.select(address, SERVER));
    bench.replies();
    const batch = 512;
    for (let number = 0; number < rounds * batch; number += 1)
      bench.transport.put(forged(guest(1000 + number)));
    for (let round = 0; round < rounds - 1; round += 1) {
      bench.exchange.receive();
      await bench.clock.pass(100);
    }
    return { bench, known, address };
  }

  test('DHCPDISCOVERs of unknown clients are dropped first, and counted; renewals and known clients are answered', async () => {
    const { bench, known, address } = await flood(12);
    const dropped = bench.drops('overload');
    bench.transport.put(known.discover());
    bench.transport.put(known.extend(address));
    await bench.hear();

    expect(dropped).toBeGreaterThan(1000);
    const answers = bench.replies().filter((reply) => reply.endsWith(known.mac));
    expect(answers.map((reply) => reply.split(' ')[0]).sort()).toEqual(['DHCPACK', 'DHCPOFFER']);
  });

  /** A round of full sockets, with a DHCPDISCOVER of this guest among those of ever new clients; its answers. */
  async function roundWith(bench: Awaited<ReturnType<typeof flood>>['bench'], one: Guest, first: number) {
    for (let number = 0; number < 600; number += 1) {
      if (number === 300) bench.transport.put(one.discover());
      bench.transport.put(guest(first + number).discover());
    }
    bench.exchange.receive();
    await bench.clock.pass(100);
    return bench.replies().filter((reply) => reply.endsWith(one.mac));
  }

  test('an unknown client that was dropped and asks again is answered, before those that ask for the first time', async () => {
    const { bench } = await flood(12);
    bench.exchange.receive(); // The last of them.
    const before = await roundWith(bench, guest(2), 30_000);
    const after = await roundWith(bench, guest(2), 31_000);

    expect(before).toEqual([]);
    expect(after.map((reply) => reply.split(' ')[0])).toEqual(['DHCPOFFER']);
  });

  test.each([
    ['renewals', (one: Guest) => one.extend('10.15.3.77')],
    [
      'DHCPREQUESTs of what this gateway has offered to nobody',
      (one: Guest) => one.select('10.15.3.77', SERVER),
    ],
  ])('of %s in invented names too; who was offered an address gets it', async (_, forged) => {
    const { bench } = await flood(12, forged);
    bench.exchange.receive(); // The last of them.
    await bench.hear(guest(2).discover());
    const [offer = ''] = bench.replies().filter((reply) => reply.endsWith(guest(2).mac));
    const dropped = bench.drops('overload');
    for (let number = 0; number < 500; number += 1) bench.transport.put(forged(guest(30_000 + number)));
    await bench.hear(guest(2).select(offer.split(' ')[1] ?? '', SERVER));

    expect(dropped).toBeGreaterThan(1000);
    expect(bench.replies().filter((reply) => reply.endsWith(guest(2).mac))).toEqual([
      offer.replace('DHCPOFFER', 'DHCPACK'),
    ]);
    expect(bench.drops('overload')).toBeGreaterThan(dropped + 400);
  });

  test('a DHCPREQUEST that was dropped counts as missed where another gateway may have been asked', async () => {
    const { bench } = await flood(12, (one) => one.select('10.15.3.77', '10.15.3.11'));
    const own = await flood(12, (one) => one.select('10.15.3.77', SERVER));

    expect(bench.serverState.misses).toBeGreaterThan(0);
    expect(own.bench.serverState.misses).toBe(0);
  });

  test('when the flood is over all are decided again', async () => {
    const { bench } = await flood(12);
    for (let round = 0; round < 200; round += 1) await bench.hear(guest(9).inform('10.15.3.250'));
    const dropped = bench.drops('overload');
    await bench.hear(...Array.from({ length: 100 }, (_, number) => guest(40_000 + number).discover()));

    expect(dropped).toBeGreaterThan(0);
    expect(bench.drops('overload')).toBe(dropped);
  });

  test('nothing is dropped in the first half second', async () => {
    const { bench } = await flood(5);

    expect(bench.drops('overload')).toBe(0);
  });
});
