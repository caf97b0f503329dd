import { DAY } from '../text/time.js';

/** @import { Sample } from '../types.d.ts' */

/** From how much of the past a pace is taken: milliseconds. */
const WINDOWS = [DAY, 3 * DAY, 7 * DAY];
/** A pace from less than this says nothing. */
const LEAST = DAY / 4;
/** What is later than this is never. */
const LONGEST = 365 * DAY;

/**
 * When the pool is full, at the paces of the last day, three days and week.
 *
 * @typedef {object} Forecast
 * @property {number} capacity Leases at which it is full.
 * @property {number} soonest Wall-clock milliseconds.
 * @property {number} latest
 *
 * @param {readonly Sample[]} samples The oldest first.
 * @returns {Forecast | undefined} Undefined: it does not fill up, or too little is known.
 */
export function forecastOf(samples) {
  const points = samples.flatMap(({ at, pool }) => {
    const used = usedOf(pool);
    return pool.left === null || used === null ? [] : [{ at: Date.parse(at), left: pool.left, used }];
  });
  const last = points.at(-1);
  if (last === undefined) return undefined;
  const times = WINDOWS.flatMap((window) => {
    const within = points.filter(({ at }) => at >= last.at - window);
    const [first] = within;
    if (first === undefined || last.at - first.at < Math.min(LEAST, window)) return [];
    const pace = slopeOf(within);
    return pace < 0 && last.left / -pace < LONGEST ? [last.at + last.left / -pace] : [];
  });
  if (times.length === 0) return undefined;
  return { capacity: last.used + last.left, soonest: Math.min(...times), latest: Math.max(...times) };
}

/**
 * Addresses with a lease, whichever gateway has granted it.
 *
 * @param {Sample['pool']} pool
 * @returns {number | null}
 */
export function usedOf({ leased, peers }) {
  return leased === null || peers === null ? null : leased + peers;
}

/**
 * How fast what is left changes: addresses a millisecond, by least squares.
 *
 * @param {readonly { at: number, left: number }[]} points
 */
function slopeOf(points) {
  const count = points.length;
  const meanAt = points.reduce((sum, { at }) => sum + at, 0) / count;
  const meanLeft = points.reduce((sum, { left }) => sum + left, 0) / count;
  let above = 0;
  let below = 0;
  for (const { at, left } of points) {
    above += (at - meanAt) * (left - meanLeft);
    below += (at - meanAt) ** 2;
  }
  return below === 0 ? 0 : above / below;
}
