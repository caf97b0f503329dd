const NONE = -1;
/** A power of two, and so many bits. */
const SHARDS = 256;
const SHARD_BITS = 8;
const FIRST_POSITIONS = 16;
/** Stands for every shard that nothing was added to, and is never written: an index of few slots is small, and made at once. */
const EMPTY = roomFor(0, 0);

/**
 * A hash table that finds slots by a 32-bit hash of what is in them. The caller compares the contents: it goes from `find`
 * by `findNext` until it has its slot, or `at` is -1. The slots are spread over shards that grow one by one, so an `add`
 * waits for one shard at most: with two million slots it moves some 10,000.
 *
 * A shard uses open addressing with linear probing. Each position has two numbers side by side, the slot and its hash. The
 * first bits of the hash are the number of the shard, the last ones the position.
 */
export class SlotIndex {
  readonly #shards = new Array<Int32Array>(SHARDS).fill(EMPTY);
  readonly #sizes = new Uint32Array(SHARDS);

  /** The first position of a slot with this hash; if there is none, the empty position where the search ends. */
  find(hash: number): number {
    const number = hash >>> 24;
    return (walk(this.#shard(number), hash, hash | 0) << SHARD_BITS) | number;
  }

  findNext(position: number, hash: number): number {
    const number = hash >>> 24;
    return (walk(this.#shard(number), (position >>> SHARD_BITS) + 1, hash | 0) << SHARD_BITS) | number;
  }

  /** The slot at a position; -1: none. */
  at(position: number): number {
    return this.#shard(position & (SHARDS - 1))[(position >>> SHARD_BITS) * 2] ?? NONE;
  }

  /** Replaces the slot at a position by another one with the same hash. */
  replace(position: number, slot: number): void {
    this.#shard(position & (SHARDS - 1))[(position >>> SHARD_BITS) * 2] = slot;
  }

  /** Adds a slot. Positions from earlier calls are not valid any more. */
  add(slot: number, hash: number): void {
    const number = hash >>> 24;
    const size = this.#sizes[number] ?? 0;
    let shard = this.#shard(number);
    if (shard === EMPTY || size >= fullest(shard.length / 2, number)) {
      shard = shard === EMPTY ? roomFor(1, number) : grown(shard);
      this.#shards[number] = shard;
    }
    this.#sizes[number] = size + 1;
    insert(shard, slot, hash | 0);
  }

  /**
   * Fills an empty index with slots 0, 1, 2 ... by their hashes, shard by shard, which uses the processor's cache best. Of
   * slots with equal hashes only the first is added. Returns the others, in ascending order for each hash; `add` them.
   */
  fill(hashes: Int32Array): readonly number[] {
    const { pairs, ends } = byShard(hashes);
    const leftOut: number[] = [];
    let from = 0;
    for (const [number, end] of ends.entries()) {
      const shard = end === from ? EMPTY : roomFor(end - from, number);
      this.#sizes[number] = end - from;
      for (; from < end; from += 1) {
        const slot = pairs[from * 2] ?? 0;
        const hash = pairs[from * 2 + 1] ?? 0;
        const position = walk(shard, hash, hash) * 2;
        if (shard[position] === NONE) {
          shard[position] = slot;
          shard[position + 1] = hash;
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

  /** Removes the slot at a position, and moves up those that were found by way of it. */
  remove(position: number): void {
    const number = position & (SHARDS - 1);
    this.#sizes[number] = (this.#sizes[number] ?? 0) - 1;
    removeFrom(this.#shard(number), position >>> SHARD_BITS);
  }

  #shard(number: number): Int32Array {
    const shard = this.#shards[number];
    if (shard === undefined) throw new Error('no such shard');
    return shard;
  }
}

/** The most slots of a shard, from 3/8 to 5/8 of its positions. It differs by shard, so that they do not all grow at once. */
function fullest(positions: number, number: number): number {
  return Math.floor((positions * (3 + (2 * number) / SHARDS)) / 8);
}

/** An empty shard of the size to which it would have grown for so many slots. */
function roomFor(size: number, number: number): Int32Array {
  let positions = FIRST_POSITIONS;
  while (size > fullest(positions, number)) positions *= 2;
  return new Int32Array(positions * 2).fill(NONE);
}

/** Slots and their hashes, sorted by shard; and the index behind the last one of each shard. */
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
  let position = from & mask;
  while (shard[position * 2] !== NONE && shard[position * 2 + 1] !== hash) position = (position + 1) & mask;
  return position;
}

function insert(shard: Int32Array, slot: number, hash: number): void {
  const mask = (shard.length >>> 1) - 1;
  let position = hash & mask;
  while (shard[position * 2] !== NONE) position = (position + 1) & mask;
  shard[position * 2] = slot;
  shard[position * 2 + 1] = hash;
}

function removeFrom(shard: Int32Array, position: number): void {
  const mask = (shard.length >>> 1) - 1;
  let hole = position;
  shard[hole * 2] = NONE;
  for (let at = (position + 1) & mask; shard[at * 2] !== NONE; at = (at + 1) & mask) {
    const hash = shard[at * 2 + 1] ?? 0;
    // It stays if its own position is between the hole and here.
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
