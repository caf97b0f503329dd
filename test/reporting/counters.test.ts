import { expect, test } from 'vitest';
import {
  COUNTER_SLOTS,
  REPLY_BUCKETS,
  TALLIES,
  type TallyName,
  tallySlot,
} from '../../src/reporting/counter-slots.ts';
import { Counters } from '../../src/reporting/counters.ts';
import { CounterReader } from '../../src/reporting/read-counters.ts';
import { memoryBench } from '../support/exchange-bench.ts';
import { Guest } from '../support/guest.ts';

/** A bench whose observations are counted as well. */
function counting(options: Parameters<typeof memoryBench>[0] = {}) {
  const bench = memoryBench(options);
  const counters = new Counters();
  const { record } = bench;
  const decided = record.decided.bind(record);
  record.decided = (...seen: Parameters<Counters['decided']>) => {
    counters.decided(...seen);
    decided(...seen);
  };
  record.dropped = (...seen: Parameters<Counters['dropped']>) => counters.dropped(...seen);
  return { bench, counters };
}

test('messages, reasons, replies and outcomes are counted', async () => {
  const { bench, counters } = counting();
  const guest = new Guest('52:54:00:00:00:01');
  await bench.hear(guest.discover());
  const address = bench.replies()[0]?.split(' ')[1] ?? '';

  await bench.hear(guest.select(address, '10.15.3.10'), new Uint8Array(9));

  expect(counters.values()).toEqual({
    messages: { DHCPDISCOVER: 1, DHCPREQUEST: 1 },
    reasons: { offered: 1, bound: 1 },
    replies: { DHCPOFFER: 1, DHCPACK: 1 },
    outcomes: { committed: 2 },
    drops: { 'too-short': 1 },
    waits: 0,
    omitted: {},
    sentLate: 0,
    mistakes: 0,
  });
});

test('what is decided again counts once, and what is not durable is no reply', async () => {
  const { bench, counters } = counting();
  const guest = new Guest('52:54:00:00:00:01');
  await bench.hear(guest.discover());
  const address = bench.replies()[0]?.split(' ')[1] ?? '';
  bench.store.script({ fate: 'conflict' }, { fate: 'unknown' });

  await bench.hear(guest.select(address, '10.15.3.10'));

  const { messages, reasons, replies, outcomes, drops } = counters.values();
  expect(messages).toEqual({ DHCPDISCOVER: 1, DHCPREQUEST: 1 });
  expect(reasons).toEqual({ offered: 1, bound: 1 });
  expect(replies).toEqual({ DHCPOFFER: 1 });
  expect(outcomes).toEqual({ committed: 1, conflict: 1, unknown: 1 });
  expect(drops).toEqual({ unknown: 1 });
});

test('a wait is counted apart', async () => {
  const { bench, counters } = counting({ plan: { probeMilliseconds: 300 } });

  await bench.hear(new Guest('52:54:00:00:00:01').discover());

  expect(counters.values()).toMatchObject({ waits: 1, messages: {}, reasons: {} });
});

test('how long replies and commits take is counted in buckets that another thread reads while this one goes on', async () => {
  const counters = new Counters();
  const elsewhere = new CounterReader(new Float64Array(counters.memory));
  const bench = memoryBench({ timings: counters, plan: { probeMilliseconds: 300 } });

  await bench.hear(new Guest('52:54:00:00:00:01').discover());
  await bench.clock.pass(300);
  bench.questions[0]?.answer(undefined);
  await bench.clock.pass(0);

  expect(bench.replies()).toHaveLength(1);
  const { counts, sum } = elsewhere.histogram('reply');
  expect(counts[REPLY_BUCKETS.indexOf(0.1)]).toBe(0);
  expect(counts[REPLY_BUCKETS.indexOf(0.5)]).toBe(1);
  expect(counts.at(-1)).toBe(1);
  expect(sum).toBeCloseTo(0.3);
});

test('a commit of several changes is one of the commits, and counts by how many changes it had', async () => {
  const counters = new Counters();
  const bench = memoryBench({ timings: counters });
  const guests = [1, 2, 3].map((number) => new Guest(`52:54:00:00:00:0${number}`));
  await bench.hear(...guests.map((guest) => guest.discover()));
  const addresses = bench.replies().map((reply) => reply.split(' ')[1] ?? '');

  await bench.hear(...guests.map((guest, index) => guest.select(addresses[index] ?? '', '10.15.3.10')));

  const reader = new CounterReader(new Float64Array(counters.memory));
  expect(reader.histogram('commit').counts.at(-1)).toBe(1);
  expect(reader.histogram('batch')).toMatchObject({ sum: 3, counts: expect.arrayContaining([0, 1]) });
});

test('every reason, drop and message type has a place of its own', () => {
  const slots = Object.entries(TALLIES).flatMap(([tally, names]) =>
    names.map((name) => tallySlot(tally as TallyName, name)),
  );

  expect(new Set(slots).size).toBe(slots.length);
  expect(Math.max(...slots.map(Number))).toBeLessThan(COUNTER_SLOTS);
});
