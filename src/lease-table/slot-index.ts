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
    if (size >= fullest(shard.length / 2, number)) {
      shard = grown(shard);
      this.#shards[number] = shard;
    }
    this.#sizes[number] = size + 1;
    insert(shard, slot, hash | 0);
  }

  /**
   * Puts as many slots as there are hashes, from 0 on, into an empty index: shard by shard, whose memory is at hand then.
   * One that meets another with its hash is left out; returns those that were, for `add`, the lower first of one hash.
   */
  fill(hashes: Int32Array): readonly number[] {
    const { pairs, ends } = byShard(hashes);
    const leftOut: number[] = [];
    let from = 0;
    for (const [number, end] of ends.entries()) {
      const shard = roomFor(end - from, number);
      this.#sizes[number] = end - from;
      for (; from < end; from += 1) {
        const slot = pairs[from * 2] ?? 0;
        const hash = pairs[from * 2 + 1] ?? 0;
        const place = walk(shard, hash, hash) * 2;
        if (shard[place] === NONE) {
          shard[place] = slot;
          shard[place + 1] = hash;
        } else leftOut.push(slot);
      }
      this.#shards[number] = shard;
    }
    for (const slot of leftOut) {
      const number = (hashes[slot] ?? 0) >>> 24;
      this.#sizes[number] = (this.#sizes[number] ?? 0) - 1;
    }
    return leftOut;
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
function fullest(places: number, number: number): number {
  return Math.floor((places * (3 + (2 * number) / SHARDS)) / 8);
}

/** Of as many places as it would have grown to. */
function roomFor(size: number, number: number): Int32Array {
  let places = FIRST_PLACES;
  while (size > fullest(places, number)) places *= 2;
  return new Int32Array(places * 2).fill(NONE);
}

/** Slots and their hashes, by shard; and where in them each shard's end. */
function byShard(hashes: Int32Array): { readonly pairs: Int32Array; readonly ends: Uint32Array } {
  const counts = new Uint32Array(SHARDS);
  for (const hash of hashes) counts[hash >>> 24] = (counts[hash >>> 24] ?? 0) + 1;
  const ends = new Uint32Array(SHARDS);
  for (let number = 1; number < SHARDS; number += 1)
    ends[number] = (ends[number - 1] ?? 0) + (counts[number - 1] ?? 0);

  const pairs = new Int32Array(hashes.length * 2);
  for (let slot = 0; slot < hashes.length; slot += 1) {
    const hash = hashes[slot] ?? 0;
    const at = ends[hash >>> 24] ?? 0;
    pairs[at * 2] = slot;
    pairs[at * 2 + 1] = hash;
    ends[hash >>> 24] = at + 1;
  }
  return { pairs, ends };
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
