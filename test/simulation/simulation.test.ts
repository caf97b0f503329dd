import { describe, expect, test } from 'vitest';
import { compiledSimulation } from './compiled.ts';
import type { WayName } from './ways.ts';

const { runSeed, World } = await compiledSimulation();

const TOGETHER = 10;

const WAYS = [
  { way: 'etcd', seeds: 150 },
  { way: 'hearing', seeds: 80 },
  { way: 'shares', seeds: 30 },
] as const;

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
