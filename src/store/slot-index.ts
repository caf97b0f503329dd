const NONE = -1;
const FIRST_PLACES = 2048;

/**
 * Finds slots by a 32-bit hash of what is in them: open addressing with linear probing, at most half full. What is in
 * them is the caller's to compare: it walks from `find` by `findNext` until it has its slot, or `at` is -1.
 */
export class SlotIndex {
  #slots = new Int32Array(FIRST_PLACES).fill(NONE);
  #hashes = new Int32Array(FIRST_PLACES);
  #mask = FIRST_PLACES - 1;
  #size = 0;

  /** The first place of a slot with this hash, else the empty place where the search ends. */
  find(hash: number): number {
    return this.#walk(hash & this.#mask, hash | 0);
  }

  findNext(place: number, hash: number): number {
    return this.#walk((place + 1) & this.#mask, hash | 0);
  }

  /** The slot at a place; -1: none. */
  at(place: number): number {
    return this.#slots[place] ?? NONE;
  }

  /** Puts another slot in the place of one with the same hash. */
  replace(place: number, slot: number): void {
    this.#slots[place] = slot;
  }

  add(slot: number, hash: number): void {
    if ((this.#size + 1) * 2 > this.#slots.length) this.#grow();
    this.#size += 1;
    this.#insert(slot, hash | 0);
  }

  /** Empties a place, and moves up what was found over it. */
  remove(place: number): void {
    this.#size -= 1;
    let hole = place;
    this.#slots[hole] = NONE;
    for (let at = (place + 1) & this.#mask; this.at(at) !== NONE; at = (at + 1) & this.#mask) {
      const hash = this.#hashes[at] ?? 0;
      // It stays if its home is between the hole and where it is.
      if (((at - hash) & this.#mask) < ((at - hole) & this.#mask)) continue;
      this.#slots[hole] = this.at(at);
      this.#hashes[hole] = hash;
      this.#slots[at] = NONE;
      hole = at;
    }
  }

  #walk(from: number, hash: number): number {
    let place = from;
    while (this.at(place) !== NONE && this.#hashes[place] !== hash) place = (place + 1) & this.#mask;
    return place;
  }

  #insert(slot: number, hash: number): void {
    let place = hash & this.#mask;
    while (this.at(place) !== NONE) place = (place + 1) & this.#mask;
    this.#slots[place] = slot;
    this.#hashes[place] = hash;
  }

  #grow(): void {
    const slots = this.#slots;
    const hashes = this.#hashes;
    this.#slots = new Int32Array(slots.length * 2).fill(NONE);
    this.#hashes = new Int32Array(slots.length * 2);
    this.#mask = this.#slots.length - 1;
    for (let place = 0; place < slots.length; place += 1) {
      const slot = slots[place] ?? NONE;
      if (slot !== NONE) this.#insert(slot, hashes[place] ?? 0);
    }
  }
}
