import type { Mutation } from './mutations.ts';
import { isGuaranteed, type WayName } from './ways.ts';
import { World } from './world.ts';

/** What a seed came to. */
export interface Result {
  readonly seed: number;
  readonly faults: readonly string[];
  /** The last lines; none where all went well. */
  readonly trace: readonly string[];
  readonly acks: number;
  /** What may happen, but is worth knowing. */
  readonly counts: ReadonlyMap<string, number>;
}

const LINES = 100;

export async function runSeed(seed: number, way: WayName = 'etcd', mutation?: Mutation): Promise<Result> {
  const end = mutation?.begin?.();
  const world = new World(seed, way, mutation);
  try {
    await world.run();
  } finally {
    end?.();
  }
  const { faults, acks, counts } = world;
  return { seed, faults, acks, counts, trace: faults.length > 0 ? world.trace.slice(-LINES) : [] };
}

/**
 * The first seed that goes wrong, of those whose worlds promise that none does. Seeds are tried from `first` on, and those
 * before it last.
 */
export async function firstFault(
  seeds: number,
  way: WayName,
  mutation: Mutation,
  first = 0,
): Promise<Result | undefined> {
  for (let tried = 0; tried < seeds; tried += 1) {
    const seed = (first + tried) % seeds;
    if (!isGuaranteed(way, seed)) continue;
    const result = await runSeed(seed, way, mutation);
    if (result.faults.length > 0) return result;
  }
  return undefined;
}
