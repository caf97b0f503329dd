const NONE = -1;
/** A power of two, and so many bits. */
const SHARDS = 256;
const SHARD_BITS = 8;
const FIRST_PLACES = 16;

/**
 * Finds slots by a 32-bit hash of what is in them. What is in them is the caller's to compare: it walks from `find` by
 * `findNext` until it has its slot, or `at` is -1. They are spread over shards that grow one by one, so that no add waits
 * for more than one of them: with two million slots it moves some 10,000.
 *
 * A shard is open addressing with linear probing, each place two numbers side by side, the slot and its hash. The hash's
 * first bits are the number of the shard, its last ones the place.
 */
export class SlotIndex {
  readonly #shards: Int32Array[] = Array.from({ length: SHARDS }, () =>
    new Int32Array(FIRST_PLACES * 2).fill(NONE),
  );
  readonly #sizes = new Uint32Array(SHARDS);

  /** The first place of a slot with this hash, else the empty place where the search ends. */
  find(hash: number): number {
    const number = hash >>> 24;
    return (walk(this.#shard(number), hash, hash | 0) << SHARD_BITS) | number;
  }

  findNext(place: number, hash: number): number {
    const number = hash >>> 24;
    return (walk(this.#shard(number), (place >>> SHARD_BITS) + 1, hash | 0) << SHARD_BITS) | number;
  }

  /** The slot at a place; -1: none. */
  at(place: number): number {
    return this.#shard(place & (SHARDS - 1))[(place >>> SHARD_BITS) * 2] ?? NONE;
  }

  /** Puts another slot in the place of one with the same hash. */
  replace(place: number, slot: number): void {
    this.#shard(place & (SHARDS - 1))[(place >>> SHARD_BITS) * 2] = slot;
  }

  /** Places that were found before may be others' now. */
  add(slot: number, hash: number): void {
    const number = hash >>> 24;
    const size = this.#sizes[number] ?? 0;
    let shard = this.#shard(number);
    if (size >= fullest(shard, number)) {
      shard = grown(shard);
      this.#shards[number] = shard;
    }
    this.#sizes[number] = size + 1;
    insert(shard, slot, hash | 0);
  }

  /** Empties a place, and moves up what was found over it. */
  remove(place: number): void {
    const number = place & (SHARDS - 1);
    this.#sizes[number] = (this.#sizes[number] ?? 0) - 1;
    removeFrom(this.#shard(number), place >>> SHARD_BITS);
  }

  #shard(number: number): Int32Array {
    const shard = this.#shards[number];
    if (shard === undefined) throw new Error('no such shard');
    return shard;
  }
}

/** From 3/8 to 5/8 of its places, another in each shard: as evenly as they fill up, all would grow at the same time. */
function fullest(shard: Int32Array, number: number): number {
  return Math.floor(((shard.length / 2) * (3 + (2 * number) / SHARDS)) / 8);
}

function walk(shard: Int32Array, from: number, hash: number): number {
  const mask = (shard.length >>> 1) - 1;
  let place = from & mask;
  while (shard[place * 2] !== NONE && shard[place * 2 + 1] !== hash) place = (place + 1) & mask;
  return place;
}

function insert(shard: Int32Array, slot: number, hash: number): void {
  const mask = (shard.length >>> 1) - 1;
  let place = hash & mask;
  while (shard[place * 2] !== NONE) place = (place + 1) & mask;
  shard[place * 2] = slot;
  shard[place * 2 + 1] = hash;
}

function removeFrom(shard: Int32Array, place: number): void {
  const mask = (shard.length >>> 1) - 1;
  let hole = place;
  shard[hole * 2] = NONE;
  for (let at = (place + 1) & mask; shard[at * 2] !== NONE; at = (at + 1) & mask) {
    const hash = shard[at * 2 + 1] ?? 0;
    // It stays if its home is between the hole and where it is.
    if (((at - hash) & mask) < ((at - hole) & mask)) continue;
    shard[hole * 2] = shard[at * 2] ?? NONE;
    shard[hole * 2 + 1] = hash;
    shard[at * 2] = NONE;
    hole = at;
  }
}

function grown(shard: Int32Array): Int32Array {
  const larger = new Int32Array(shard.length * 2).fill(NONE);
  for (let at = 0; at < shard.length; at += 2) {
    const slot = shard[at] ?? NONE;
    if (slot !== NONE) insert(larger, slot, shard[at + 1] ?? 0);
  }
  return larger;
}
