/** The middle one, or the mean of the two; NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/** Of ascending values: the least that the share of them (0 to 1) does not exceed; NaN of nothing. */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  const index = Math.min(sorted.length - 1, Math.max(0, Math.ceil(sorted.length * share) - 1));
  return sorted[index] ?? Number.NaN;
}

/** Milliseconds from a request to its DHCPACK. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

export function latencyOf(milliseconds: Float64Array): Latency {
  const sorted = milliseconds.sort();
  return {
    p50: percentile(sorted, 0.5),
    p99: percentile(sorted, 0.99),
    p999: percentile(sorted, 0.999),
    max: sorted[sorted.length - 1] ?? Number.NaN,
  };
}

/** The median of each of several measurements' figures, member by member. */
export function medians<Figures extends Readonly<Record<string, number>>>(all: readonly Figures[]): Figures {
  const [first] = all;
  if (first === undefined) throw new Error('nothing was measured');
  const names = Object.keys(first);
  return Object.fromEntries(
    names.map((name) => [name, median(all.map((each) => each[name] ?? Number.NaN))]),
  ) as Figures;
}
