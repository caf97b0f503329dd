import { expect, test } from 'vitest';
import { MUTATIONS } from './mutations.ts';
import { firstFault, runSeed } from './run.ts';
import { World } from './world.ts';

const SEEDS = 150;
const TOGETHER = 10;
/** Within so many seeds each mistake is found. */
const PATIENCE = 200;

test.each([...MUTATIONS])(
  'a mistake on purpose is found: %s',
  async (_name, mutation) => {
    expect(await firstFault(PATIENCE, 'etcd', mutation)).toBeDefined();
  },
  120_000,
);

test.each(Array.from({ length: SEEDS / TOGETHER }, (_, index) => index * TOGETHER))(
  'gateways, guests, network and etcd, seeds from %i: all that must hold does at every step',
  async (from) => {
    for (let seed = from; seed < from + TOGETHER; seed += 1) {
      const { acks, counts: _, ...result } = await runSeed(seed);
      expect(result).toEqual({ seed, faults: [], trace: [] });
      expect(acks).toBeGreaterThan(30);
    }
  },
  120_000,
);

test('the same seed makes the same history', async () => {
  const [one, other] = [new World(1), new World(1)];

  await one.run();
  await other.run();

  expect(other.trace).toEqual(one.trace);
});
