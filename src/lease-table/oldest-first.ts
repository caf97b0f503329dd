/** Numbers that are sorted by insertion. Sorted pieces of this length are then merged. */
const SORTED_AT_ONCE = 32;

/**
 * Sorts the indexes 0 to count - 1 by their keys, the smallest first; a stable merge sort. It yields after at most `moves`
 * moves, so that no step of a million takes longer than a step of a few.
 */
export function* oldestFirst(
  keys: Float64Array,
  count: number,
  moves: number,
): Generator<void, Uint32Array, void> {
  let from = new Uint32Array(count);
  let left = moves;
  for (let start = 0; start < count; start += SORTED_AT_ONCE) {
    insertionSort(keys, from, start, Math.min(start + SORTED_AT_ONCE, count));
    left -= SORTED_AT_ONCE * 4; // An insertion moves more than once.
    if (left <= 0) {
      left = moves;
      yield;
    }
  }
  let into = new Uint32Array(count);
  for (let width = SORTED_AT_ONCE; width < count; width *= 2) {
    for (let start = 0; start < count; start += 2 * width) {
      const middle = Math.min(start + width, count);
      const end = Math.min(start + 2 * width, count);
      let [one, other] = [start, middle];
      for (let at = start; at < end; at += 1) {
        const isFirst = one < middle && (other >= end || keyAt(keys, from, one) <= keyAt(keys, from, other));
        into[at] = from[isFirst ? one++ : other++] ?? 0;
        left -= 1;
        if (left > 0) continue;
        left = moves;
        yield;
      }
    }
    [from, into] = [into, from];
  }
  return from;
}

function keyAt(keys: Float64Array, indexes: Uint32Array, at: number): number {
  return keys[indexes[at] ?? 0] ?? 0;
}

function insertionSort(keys: Float64Array, indexes: Uint32Array, start: number, end: number): void {
  for (let next = start; next < end; next += 1) {
    const key = keys[next] ?? 0;
    let at = next;
    for (; at > start && keyAt(keys, indexes, at - 1) > key; at -= 1) indexes[at] = indexes[at - 1] ?? 0;
    indexes[at] = next;
  }
}
