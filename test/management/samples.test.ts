import { describe, expect, test } from 'vitest';
import { Sampler } from '../../src/management/metrics/sampler.ts';
import { exhaustionOf } from '../../src/management/samples/forecast.ts';
import { inSteps } from '../../src/management/samples/in-steps.ts';
import { quantileOf } from '../../src/management/samples/quantile.ts';
import {
  SAMPLE_FIELDS,
  SAMPLE_RING_BYTES,
  type Sample,
  SampleRing,
} from '../../src/management/samples/sample-ring.ts';
import { Counters } from '../../src/reporting/counters.ts';
import { CounterReader } from '../../src/reporting/read-counters.ts';

const MINUTE = 60_000;
const WEEK = 7 * 24 * 60;
const BEGIN = Date.UTC(2026, 0);

function sample(minute: number, left: number): Sample {
  const known = Object.fromEntries(SAMPLE_FIELDS.map((field) => [field, 0])) as Sample;
  return { ...known, at: BEGIN + minute * MINUTE, left };
}

const samples = (count: number, left: (minute: number) => number) =>
  Array.from({ length: count }, (_, minute) => sample(minute, left(minute)));

describe('the samples', () => {
  test('of seven days are kept, the newest, and outlive who wrote them', () => {
    const memory = new SharedArrayBuffer(SAMPLE_RING_BYTES);
    const ring = new SampleRing(memory);

    for (const each of samples(WEEK + 5, (minute) => minute)) ring.put(each);

    const kept = new SampleRing(memory).since(0);
    expect(kept).toHaveLength(WEEK);
    expect([kept[0]?.left, kept.at(-1)?.left]).toEqual([5, WEEK + 4]);
    expect(new SampleRing(memory).since(BEGIN + (WEEK + 3) * MINUTE)).toHaveLength(2);
  });

  test('say what has come since the one before, and nothing of the time before the first', async () => {
    const counters = new Counters();
    const ring = new SampleRing(new SharedArrayBuffer(SAMPLE_RING_BYTES));
    let now = BEGIN;
    const sampler = new Sampler({
      ring,
      counters: new CounterReader(new Float64Array(counters.memory)),
      asked: () => Promise.reject(new Error('it stands still')),
      now: () => now,
    });

    await sampler.take();
    for (let count = 0; count < 100; count += 1) counters.replied(0.15);
    counters.dropped('overload', 3);
    counters.dropped('no-room', 2);
    now += MINUTE;
    await sampler.take();
    now += MINUTE;
    await sampler.take();

    const [first, second, third] = ring.since(0);
    expect(first).toMatchObject({ at: BEGIN, exchanges: Number.NaN, size: Number.NaN });
    expect(second).toMatchObject({ at: BEGIN + MINUTE, exchanges: 0, drops: 2, refused: 3 });
    expect(second?.p50).toBeCloseTo(0.00015, 6);
    expect(third).toMatchObject({ p50: Number.NaN, drops: 0 });
  });
});

test.each([
  [0.5, [1, 2, 4], [0, 0, 0, 0], Number.NaN],
  [0.5, [1, 2, 4], [10, 10, 10, 10], 0.5],
  [0.5, [1, 2, 4], [0, 10, 10, 10], 1.5],
  [0.99, [1, 2, 4], [0, 0, 0, 10], 4],
])('the quantile %s of the buckets %j with the counts %j is %s', (quantile, ends, counts, expected) => {
  expect(quantileOf(quantile, ends, counts)).toBe(expected);
});

describe('the pool', () => {
  test('is used up when the growth of the last day goes on', () => {
    expect(exhaustionOf(samples(120, (minute) => 1000 - minute))).toBeCloseTo(881 * 60, 3);
  });

  test('is judged by the last day alone', () => {
    const fast = (minute: number) => (minute < 1500 ? 5000 - 2 * minute : 2000 - (minute - 1500));

    expect(exhaustionOf(samples(1500 + 1440, fast))).toBeCloseTo(561 * 60, 3);
  });

  test.each([
    ['does not shrink', samples(120, () => 7), Number.POSITIVE_INFINITY],
    ['grows', samples(120, (minute) => minute), Number.POSITIVE_INFINITY],
    ['is used up', samples(2, () => 0), 0],
    ['is known for less than an hour', samples(60, (minute) => 100 - minute), undefined],
    ['is not known now', samples(120, (minute) => (minute > 110 ? Number.NaN : 200 - minute)), undefined],
    ['was never known', [], undefined],
  ])('that %s', (_, known, expected) => {
    expect(exhaustionOf(known)).toBe(expected);
  });
});

test('samples of an hour have its last state, its sums and its worst reply', () => {
  const minutes = samples(120, (minute) => 1000 - minute).map((each, minute) => ({
    ...each,
    exchanges: minute < 60 ? 2 : 4,
    drops: 1,
    p50: minute % 2 === 0 ? Number.NaN : 0.01,
    p99: minute === 30 ? 0.5 : 0.02,
  }));

  const hours = inSteps(minutes, 3600);

  expect(hours).toMatchObject([
    { left: 941, exchanges: 2, drops: 60, p50: expect.closeTo(0.01, 9), p99: 0.5 },
    { left: 881, exchanges: 4, drops: 60, p99: 0.02 },
  ]);
  expect(inSteps([{ ...sample(0, 1), p50: Number.NaN }], 60)[0]?.p50).toBeNull();
});
