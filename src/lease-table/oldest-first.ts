/** Numbers that are sorted by insertion, before runs of them are merged. */
const RUN = 32;

/**
 * The places 0 to count - 1 in the order of their keys, the smallest first; equal ones stay as they are. It yields
 * after at most so many moves, so that a million take no longer at a time than a few.
 */
export function* oldestFirst(
  keys: Float64Array,
  count: number,
  moves: number,
): Generator<void, Uint32Array, void> {
  let from = new Uint32Array(count);
  let left = moves;
  for (let start = 0; start < count; start += RUN) {
    sortRun(keys, from, start, Math.min(start + RUN, count));
    left -= RUN * 4; // An insertion moves more than once.
    if (left <= 0) {
      left = moves;
      yield;
    }
  }
  let into = new Uint32Array(count);
  for (let width = RUN; width < count; width *= 2) {
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

function keyAt(keys: Float64Array, places: Uint32Array, at: number): number {
  return keys[places[at] ?? 0] ?? 0;
}

function sortRun(keys: Float64Array, places: Uint32Array, start: number, end: number): void {
  for (let next = start; next < end; next += 1) {
    const key = keys[next] ?? 0;
    let at = next;
    for (; at > start && keyAt(keys, places, at - 1) > key; at -= 1) places[at] = places[at - 1] ?? 0;
    places[at] = next;
  }
}
