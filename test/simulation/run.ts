import type { Mutation } from './mutations.ts';
import { World } from './world.ts';

/** What a seed came to. */
export interface Result {
  readonly seed: number;
  readonly faults: readonly string[];
  /** The last lines; none where all went well. */
  readonly trace: readonly string[];
  readonly acks: number;
}

const LINES = 40;

export async function runSeed(seed: number, mutation?: Mutation): Promise<Result> {
  const world = new World(seed, mutation);
  await world.run();
  const { faults, acks } = world;
  return { seed, faults, acks, trace: faults.length > 0 ? world.trace.slice(-LINES) : [] };
}

/** The first seed that goes wrong. */
export async function firstFault(seeds: number, mutation: Mutation): Promise<Result | undefined> {
  for (let seed = 0; seed < seeds; seed += 1) {
    const result = await runSeed(seed, mutation);
    if (result.faults.length > 0) return result;
  }
  return undefined;
}
