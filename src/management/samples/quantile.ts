/**
 * A quantile of a histogram, by straight lines within its buckets as Prometheus reckons it; not a number where nothing was
 * measured. What is above the last bucket's end counts as that end.
 *
 * @param counts How many were at most so large, for each end; the last is all.
 */
export function quantileOf(quantile: number, ends: readonly number[], counts: readonly number[]): number {
  const all = counts.at(-1) ?? 0;
  if (all <= 0) return Number.NaN;
  const wanted = quantile * all;
  const bucket = counts.findIndex((count) => count >= wanted);
  const end = ends[bucket];
  if (end === undefined) return ends.at(-1) ?? Number.NaN;
  const [start, below] = [ends[bucket - 1] ?? 0, counts[bucket - 1] ?? 0];
  const within = (counts[bucket] ?? 0) - below;
  return within <= 0 ? end : start + ((end - start) * (wanted - below)) / within;
}
