import { SAMPLE_FIELDS, type Sample } from './sample-ring.ts';

/** A sample of a longer time; null: that was not known. */
export type SampleStep = Readonly<Record<(typeof SAMPLE_FIELDS)[number], number | null>>;

/** How several samples become one. */
const JOINED: Readonly<
  Partial<Record<(typeof SAMPLE_FIELDS)[number], (values: readonly number[]) => number>>
> = {
  exchanges: meanOf,
  p50: meanOf,
  p99: (values) => Math.max(...values),
  drops: sumOf,
  refused: sumOf,
};

/** Joins samples to ones of so many seconds, the oldest first. What is a state is that of the last of them. */
export function inSteps(samples: readonly Sample[], seconds: number): readonly SampleStep[] {
  const groups = new Map<number, Sample[]>();
  for (const sample of samples) {
    const number = Math.floor(sample.at / (seconds * 1000));
    const group = groups.get(number);
    if (group === undefined) groups.set(number, [sample]);
    else group.push(sample);
  }
  return [...groups.values()].map(joined);
}

function joined(group: readonly Sample[]): SampleStep {
  const entries = SAMPLE_FIELDS.map((field) => {
    const join = JOINED[field] ?? ((values: readonly number[]) => values.at(-1) ?? Number.NaN);
    const known = group.map((sample) => sample[field]).filter((value) => !Number.isNaN(value));
    return [field, known.length === 0 ? null : join(known)] as const;
  });
  return Object.fromEntries(entries) as SampleStep;
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

function meanOf(values: readonly number[]): number {
  return sumOf(values) / values.length;
}
