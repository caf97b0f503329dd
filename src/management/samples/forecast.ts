import type { Sample } from './sample-ring.ts';

const DAY = 86_400_000;
/** Less than an hour tells nothing of a day. */
const LEAST_SPAN = 3_600_000;

/**
 * When the pool is used up, if it goes on as in the last day: seconds from the newest sample. 0: it is used up. Infinity: it
 * does not shrink. Undefined: too little is known.
 */
export function exhaustionOf(samples: readonly Sample[]): number | undefined {
  const newest = samples.at(-1);
  if (newest === undefined) return undefined;
  const known = samples.filter(({ at, left }) => !Number.isNaN(left) && newest.at - at < DAY);
  const last = known.at(-1);
  const first = known[0];
  if (last === undefined || first === undefined || last !== newest) return undefined;
  if (last.left <= 0) return 0;
  if (last.at - first.at < LEAST_SPAN) return undefined;
  const slope = slopeOf(known.map(({ at, left }) => [(at - first.at) / 1000, left]));
  return slope < 0 ? last.left / -slope : Number.POSITIVE_INFINITY;
}

/** Of the straight line that fits best. */
function slopeOf(points: readonly (readonly [number, number])[]): number {
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / points.length;
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / points.length;
  let [above, below] = [0, 0];
  for (const [x, y] of points) {
    above += (x - meanX) * (y - meanY);
    below += (x - meanX) ** 2;
  }
  return below === 0 ? 0 : above / below;
}
