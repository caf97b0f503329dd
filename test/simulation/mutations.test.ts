import { expect, test } from 'vitest';
import { compiledSimulation } from './compiled.ts';

const { CLOCK_MUTATIONS, HEARING_MUTATIONS, MUTATIONS, RESERVATION_MUTATIONS, STALE_MUTATIONS, firstFault } =
  await compiledSimulation();

/** Within so many seeds each mistake is found. */
const PATIENCE = 200;

/**
 * The first seed that found a mistake when that was looked for last, where it was none of the very first: it is tried first,
 * and if it finds nothing any more, all the others are.
 */
const FOUND_AT: ReadonlyMap<string, number> = new Map([
  ['etcd, a refusal is not confirmed', 9],
  ['etcd, what waited may undo what came after it', 5],
  ['hearing, what is stale is sent', 4],
  ['hearing, what is stale is acted on', 8],
  ['hearing, a clock that was set is believed', 146],
  ['hearing, a rival is not waited for', 6],
  ['hearing, a rival that was heard is ignored', 6],
  ['hearing, answers to the question beside an offer are ignored', 40],
]);

test.each([
  ...[...MUTATIONS].map(([name, mutation]) => ['etcd', name, mutation] as const),
  ...[...STALE_MUTATIONS].flatMap(([name, mutation]) =>
    (['etcd', 'hearing'] as const).map((way) => [way, name, mutation] as const),
  ),
  ...[...CLOCK_MUTATIONS].flatMap(([name, mutation]) =>
    (['hearing', 'shares'] as const).map((way) => [way, name, mutation] as const),
  ),
  ...[...RESERVATION_MUTATIONS].map(([name, mutation]) => ['etcd', name, mutation] as const),
  ...[...HEARING_MUTATIONS].map(([name, mutation]) => ['hearing', name, mutation] as const),
])(
  'a mistake on purpose is found: %s, %s',
  async (way, name, mutation) => {
    const first = FOUND_AT.get(`${way}, ${name}`);

    expect(await firstFault(PATIENCE, way, mutation, first)).toBeDefined();
  },
  300_000,
);
