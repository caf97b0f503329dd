import { expect, test } from 'vitest';
import { UnheldOffers } from '../../src/exchange/unheld-offers.ts';
import type { Ipv4 } from '../../src/net/ipv4.ts';
import { address, client } from '../store/changes.ts';
import { FakeClock } from '../support/clock.ts';
import { ExchangeBench } from '../support/exchange-bench.ts';
import { Guest } from '../support/guest.ts';
import { memoryStore } from '../support/memory-store.ts';
import { range, segment } from '../support/plan.ts';

const SERVER = '10.15.3.10';

function guest(number: number): Guest {
  return new Guest(`52:54:00:00:04:${number.toString(16).padStart(2, '0')}`);
}

/** A gateway with a pool of so many addresses. */
function gateway(size: number): ExchangeBench<ReturnType<typeof memoryStore>> {
  const clock = new FakeClock();
  const inFlight = new Set<Ipv4>();
  const pool = range('10.15.3.20', `10.15.3.${19 + size}`);
  const plan = { subnet: segment({ pools: [pool] }) };
  return new ExchangeBench(memoryStore({ clock, inFlight }), inFlight, clock, { plan });
}

/** By MAC. */
function addressesOf(replies: readonly string[]): ReadonlyMap<string, string> {
  return new Map(replies.map((text) => [text.split(' ')[3] ?? '', text.split(' ')[1] ?? '']));
}

test('200 guests that ask in one moment before 235 addresses are offered hardly any address twice, though most are not held', async () => {
  const bench = gateway(235);
  const booting = Array.from({ length: 200 }, (_, number) => guest(number));

  await bench.hear(...booting.map((each) => each.discover()));
  const offers = addressesOf(bench.replies());
  await bench.hear(...booting.map((each) => each.select(offers.get(each.mac) ?? '', SERVER)));

  const refused = bench.replies().filter((text) => text.startsWith('DHCPNAK'));
  expect(bench.record.decisions.filter((text) => text.includes('offered-unheld')).length).toBeGreaterThan(
    100,
  );
  expect(refused.length).toBeLessThanOrEqual(2);
});

test('what was offered to one is not held for another a moment later, as long as there is something else', async () => {
  const bench = gateway(16);
  const crowd = Array.from({ length: 8 }, (_, number) => guest(number));
  await bench.hear(...crowd.map((each) => each.discover()));
  const offers = addressesOf(bench.replies());
  // Those whose offers are held take another server's, so there is room for four that are held.
  await bench.hear(...crowd.slice(0, 4).map((each) => each.select('10.15.3.200', '10.15.3.5')));

  await bench.hear(...[96, 97, 98, 99].map((number) => guest(number).discover()));

  const unheld = crowd.slice(4).map(({ mac }) => offers.get(mac));
  const held = [...addressesOf(bench.replies()).values()];
  expect(bench.record.decisions.slice(-4)).toEqual(held.map(() => 'DHCPDISCOVER offered committed'));
  expect(held.filter((each) => unheld.includes(each))).toEqual([]);
});

test('when all that is free was offered to others, one of those is offered, and a client’s own one to itself', async () => {
  const bench = gateway(8);
  await bench.hear(...Array.from({ length: 40 }, (_, number) => guest(number).discover()));
  const offers = addressesOf(bench.replies());

  await bench.hear(guest(39).discover());

  expect(offers.size).toBe(40);
  expect(addressesOf(bench.replies())).toEqual(new Map([[guest(39).mac, offers.get(guest(39).mac)]]));
});

test('an address is remembered for ten seconds, and 1024 addresses at most', () => {
  const offers = new UnheldOffers();
  const first = address('10.15.0.0');
  for (let number = 0; number < 1025; number += 1) offers.note((first + number) as Ipv4, client(1), 0);
  const isAnothers = (number: number, at: number) =>
    offers.isAnothers((first + number) as Ipv4, client(2), at);

  expect([isAnothers(0, 0), isAnothers(1, 0), isAnothers(1, 9999), isAnothers(1, 10_000)]).toEqual([
    ...[false, true],
    ...[true, false],
  ]);
  expect(offers.isAnothers(address('10.15.0.1'), client(1), 0)).toBe(false);
});
