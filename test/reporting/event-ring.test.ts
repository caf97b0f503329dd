import { expect, test } from 'vitest';
import { observers } from '../../src/exchange/observer/observer.ts';
import { ipv4ToText } from '../../src/net/ipv4.ts';
import { EventRing } from '../../src/reporting/event-ring.ts';
import { memoryBench } from '../support/exchange-bench.ts';
import { Guest } from '../support/guest.ts';

const SERVER = '10.15.3.10';

function guestNumber(number: number): Guest {
  return new Guest(`52:54:00:00:00:0${number}`);
}

function watched(size: number) {
  const ring = new EventRing(size);
  const bench = memoryBench({ observer: (record) => observers(record, ring) });
  return { ring, bench };
}

test('every decision is read once, in order, in values that outlive its message', async () => {
  const { ring, bench } = watched(100);
  await bench.hear(guestNumber(1).discover());
  const address = bench.replies()[0]?.split(' ')[1] ?? '';
  await bench.hear(guestNumber(1).select(address, SERVER));
  bench.exchange.submit({ decide: () => ({ kind: 'silence', reason: 'expired' }), done() {} });
  await bench.clock.pass(0);

  const { events, lost } = structuredClone(ring.take());

  expect(lost).toBe(0);
  expect(events).toMatchObject([
    { number: 0, from: { type: 'DHCPDISCOVER' }, kind: 'reply', reason: 'offered', outcome: 'committed' },
    { number: 1, from: { type: 'DHCPREQUEST' }, kind: 'reply', reason: 'bound', outcome: 'committed' },
    { number: 2, from: 'order', kind: 'silence', reason: 'expired', outcome: 'nothing' },
  ]);
  const addresses = events.flatMap((event) =>
    event.event === 'decision' && event.from !== 'order' ? [ipv4ToText(event.from.address)] : [],
  );
  expect(addresses).toEqual([address, address]);
  expect(ring.take()).toEqual({ events: [], lost: 0 });
});

test('a reader that is late has the newest, and is told how many it has lost', async () => {
  const { ring, bench } = watched(3);
  await bench.hear(...[1, 2, 3, 4, 5].map((number) => guestNumber(number).discover()));

  const late = ring.take();
  await bench.hear(guestNumber(6).discover());
  const next = ring.take();

  expect(late.lost).toBe(2);
  expect(late.events.map(({ number }) => number)).toEqual([2, 3, 4]);
  expect(next.lost).toBe(0);
  expect(next.events.map(({ number }) => number)).toEqual([5]);
});

test('a ring that nobody reads keeps no more than its size, and no reply waits for a reader', async () => {
  const { ring, bench } = watched(2);

  for (let round = 0; round < 50; round += 1) await bench.hear(guestNumber(1).discover());

  expect(bench.replies()).toHaveLength(50);
  expect(ring.take().events).toHaveLength(2);
});
