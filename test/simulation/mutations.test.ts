import { expect, test } from 'vitest';
import { compiledSimulation } from './compiled.ts';

const { WAYS, firstFault, mutationsOf } = await compiledSimulation();

/** Within so many seeds each mistake is found. */
const PATIENCE = 3000;

/** The first world with reservations, where gateways share nothing. */
const FIRST = 2;

/**
 * The first seed that found a mistake when that was looked for last, where it was none of the very first: it is tried first,
 * and if it finds nothing any more, all the others are.
 */
const FOUND_AT: ReadonlyMap<string, number> = new Map([
  ['etcd, a refusal is not confirmed', 9],
  ['etcd, what waited may undo what came after it', 5],
  ['etcd, a reservation is not in the key of its address', 76],
  ['etcd, a reservation is not in the key of its card', 7],
  ['hearing, what is stale is sent', 248],
  ['hearing, what is stale is acted on', 320],
  ['hearing, a clock that was set is believed', 2336],
  ['hearing, a rival is not waited for', 130],
  ['hearing, a rival that was heard is ignored', 6],
  ["hearing, another gateway's lease gives way to a reservation at once", 754],
  ['shares, a removed reservation keeps its address', 11],
  ['hearing, answers to the question beside an offer are ignored', 1036],
]);

test.each(
  WAYS.flatMap((way) => [...mutationsOf(way)].map(([name, mutation]) => [way, name, mutation] as const)),
)(
  'a mistake on purpose is found: %s, %s',
  async (way, name, mutation) => {
    const first = FOUND_AT.get(`${way}, ${name}`) ?? FIRST;

    expect(await firstFault(PATIENCE, way, mutation, first)).toBeDefined();
  },
  300_000,
);
