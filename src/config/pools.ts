import { ipv4, ipv4ToText } from '../net/ipv4.ts';
import type { AddressSpan } from '../net/prefix.ts';
import type { Settings } from './settings.ts';

type PoolSettings = Partial<Pick<Settings, 'pools' | 'poolStart' | 'poolEnd'>>;

/** The addresses for guests: one range, or several where the pool has holes. None: the settings of it could not be read. */
export function poolRanges({ pools, poolStart, poolEnd }: PoolSettings): readonly AddressSpan[] {
  if (pools !== undefined && pools.length > 0) return pools;
  if (poolStart === undefined || poolEnd === undefined || poolStart > poolEnd) return [];
  return [{ first: poolStart, last: poolEnd }];
}

/** What others leave of some ranges. */
export function rangesWithout(
  ranges: readonly AddressSpan[],
  others: readonly AddressSpan[],
): readonly AddressSpan[] {
  return others.reduce<readonly AddressSpan[]>(
    (left, other) => left.flatMap((range) => parted(range, other)),
    ranges,
  );
}

function parted({ first, last }: AddressSpan, other: AddressSpan): readonly AddressSpan[] {
  const before = { first, last: ipv4(Math.min(last, other.first - 1)) };
  const after = { first: ipv4(Math.max(first, other.last + 1)), last };
  if (other.last < first || other.first > last) return [{ first, last }];
  return [before, after].filter((part) => part.first <= part.last);
}

/** The same addresses in ascending order, in as few ranges as there can be. */
export function mergedRanges(ranges: readonly AddressSpan[]): readonly AddressSpan[] {
  const merged: AddressSpan[] = [];
  for (const { first, last } of [...ranges].sort((one, other) => one.first - other.first)) {
    const before = merged.at(-1);
    if (before === undefined || first > before.last + 1) merged.push({ first, last });
    else if (last > before.last) merged[merged.length - 1] = { first: before.first, last };
  }
  return merged;
}

/** True if all addresses of a range are in one of these. */
export function isWithin(range: AddressSpan, ranges: readonly AddressSpan[]): boolean {
  return ranges.some(({ first, last }) => range.first >= first && range.last <= last);
}

/** `10.15.3.20-10.15.3.99` */
export function rangeToText({ first, last }: AddressSpan): string {
  return first === last ? ipv4ToText(first) : `${ipv4ToText(first)}-${ipv4ToText(last)}`;
}

/** `10.15.3.20-10.15.3.99, 10.15.3.120-10.15.3.254` */
export function rangesToText(ranges: readonly AddressSpan[]): string {
  return ranges.map(rangeToText).join(', ');
}
