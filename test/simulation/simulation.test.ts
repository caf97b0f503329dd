import { describe, expect, test } from 'vitest';
import { HEARING_MUTATIONS } from './hearing-mutations.ts';
import { MUTATIONS } from './mutations.ts';
import { RESERVATION_MUTATIONS } from './reservation-mutations.ts';
import { firstFault, runSeed } from './run.ts';
import { CLOCK_MUTATIONS, STALE_MUTATIONS } from './stale-mutations.ts';
import type { WayName } from './ways.ts';
import { World } from './world.ts';

const TOGETHER = 10;
/** Within so many seeds each mistake is found. */
const PATIENCE = 200;

const WAYS = [
  { way: 'etcd', seeds: 150 },
  { way: 'hearing', seeds: 80 },
  { way: 'shares', seeds: 30 },
] as const;

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
  async (way, _name, mutation) => {
    expect(await firstFault(PATIENCE, way, mutation)).toBeDefined();
  },
  120_000,
);

describe.each(WAYS)('$way: gateways, guests, a network and what is shared', ({ way, seeds }) => {
  test.each(Array.from({ length: seeds / TOGETHER }, (_, index) => index * TOGETHER))(
    'seeds from %i: all that must hold does at every step',
    async (from) => {
      for (let seed = from; seed < from + TOGETHER; seed += 1) {
        const { acks, counts: _, ...result } = await runSeed(seed, way);
        expect(result).toEqual({ seed, faults: [], trace: [] });
        expect(acks).toBeGreaterThan(30);
      }
    },
    120_000,
  );
});

test.each<WayName>(['etcd', 'hearing'])('%s: the same seed makes the same history', async (way) => {
  const [one, other] = [new World(1, way), new World(1, way)];

  await one.run();
  await other.run();

  expect(other.trace).toEqual(one.trace);
});
