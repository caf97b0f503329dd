import { hashOfAddress } from '../../net/ipv4.ts';

const FIRST_SIZE = 64;
/** The hash of a text is made of so many characters: its last ones, as most texts begin alike. */
const HASHED = 8;

/**
 * A map from keys to their holders, for keys that come and go with every message. A Map that loses keys as fast as it
 * gains them is rebuilt all the time, and V8 keeps each old table, with all that was in it, until a full garbage
 * collection.
 *
 * Open addressing with linear probing. A client may choose keys with equal hashes, which costs a walk over what is in
 * flight, a few thousand keys at most.
 */
export class ChurningMap<Key extends string | number, Holder> {
  #keys: (Key | undefined)[] = new Array<Key | undefined>(FIRST_SIZE).fill(undefined);
  #holders: (Holder | undefined)[] = new Array<Holder | undefined>(FIRST_SIZE).fill(undefined);
  #mask = FIRST_SIZE - 1;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(key: Key): Holder | undefined {
    return this.#holders[this.#find(key)];
  }

  set(key: Key, holder: Holder): void {
    let index = this.#find(key);
    if (this.#keys[index] === undefined) {
      if (this.#size > this.#mask >>> 1) {
        this.#grow();
        index = this.#find(key);
      }
      this.#size += 1;
      this.#keys[index] = key;
    }
    this.#holders[index] = holder;
  }

  delete(key: Key): void {
    let hole = this.#find(key);
    if (this.#keys[hole] === undefined) return;
    this.#size -= 1;
    for (let at = (hole + 1) & this.#mask; ; at = (at + 1) & this.#mask) {
      const other = this.#keys[at];
      if (other === undefined) break;
      // It stays if the index of its hash lies between the hole and where it is.
      if (((at - hashOf(other)) & this.#mask) < ((at - hole) & this.#mask)) continue;
      this.#keys[hole] = other;
      this.#holders[hole] = this.#holders[at];
      hole = at;
    }
    this.#keys[hole] = undefined;
    this.#holders[hole] = undefined;
  }

  keys(): readonly Key[] {
    return this.#keys.filter((key) => key !== undefined);
  }

  values(): readonly Holder[] {
    return this.#holders.filter((holder) => holder !== undefined);
  }

  clear(): void {
    this.#keys.fill(undefined);
    this.#holders.fill(undefined);
    this.#size = 0;
  }

  /** Where the key is, or the empty index where the search for it ends. */
  #find(key: Key): number {
    let index = hashOf(key) & this.#mask;
    for (let other = this.#keys[index]; other !== undefined && other !== key; other = this.#keys[index])
      index = (index + 1) & this.#mask;
    return index;
  }

  #grow(): void {
    const keys = this.#keys;
    const holders = this.#holders;
    this.#mask = keys.length * 2 - 1;
    this.#keys = new Array<Key | undefined>(keys.length * 2).fill(undefined);
    this.#holders = new Array<Holder | undefined>(keys.length * 2).fill(undefined);
    for (const [index, key] of keys.entries()) {
      if (key === undefined) continue;
      const to = this.#find(key);
      this.#keys[to] = key;
      this.#holders[to] = holders[index];
    }
  }
}

function hashOf(key: string | number): number {
  if (typeof key === 'number') return hashOfAddress(key);
  let hash = 0;
  for (let at = Math.max(0, key.length - HASHED); at < key.length; at += 1)
    hash = Math.imul(hash, 31) + key.charCodeAt(at);
  return hashOfAddress(hash);
}
