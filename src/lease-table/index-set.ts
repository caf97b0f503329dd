/**
 * A set of small integers that finds its smallest member from a given one on in constant time. It has one bit for each
 * integer, and for every word of bits one summary bit, which says that the word is not empty.
 */
export class IndexSet {
  readonly #levels: Uint32Array[] = [];

  /** A set of integers from 0 to size - 1: empty at first, or full. */
  constructor(size: number, full: boolean) {
    let bits = Math.max(size, 1);
    do {
      const words = new Uint32Array((bits + 31) >>> 5);
      if (full && size > 0) fillBits(words, bits);
      this.#levels.push(words);
      bits = words.length;
    } while (bits > 1);
  }

  has(index: number): boolean {
    return (((this.#levels[0]?.[index >>> 5] ?? 0) >>> (index & 31)) & 1) === 1;
  }

  add(index: number): void {
    let at = index;
    for (const words of this.#levels) {
      const before = words[at >>> 5] ?? 0;
      words[at >>> 5] = before | (1 << (at & 31));
      if (before !== 0) return;
      at >>>= 5;
    }
  }

  delete(index: number): void {
    let at = index;
    for (const words of this.#levels) {
      const after = (words[at >>> 5] ?? 0) & ~(1 << (at & 31));
      words[at >>> 5] = after;
      if (after !== 0) return;
      at >>>= 5;
    }
  }

  /** The smallest member that is at least `from`; -1 if there is none. */
  next(from: number): number {
    let at = from;
    for (let level = 0; level < this.#levels.length; level += 1) {
      const words = this.#levels[level];
      const word = at >>> 5;
      if (words === undefined || word >= words.length) return -1;
      const rest = (words[word] ?? 0) & (0xffffffff << (at & 31));
      if (rest !== 0) return this.#descend(level, word * 32 + lowestBit(rest));
      at = word + 1;
    }
    return -1;
  }

  #descend(level: number, index: number): number {
    let at = index;
    for (let below = level - 1; below >= 0; below -= 1)
      at = at * 32 + lowestBit(this.#levels[below]?.[at] ?? 0);
    return at;
  }
}

function lowestBit(word: number): number {
  return 31 - Math.clz32(word & -word);
}

function fillBits(words: Uint32Array, bits: number): void {
  words.fill(0xffffffff);
  if (bits % 32 !== 0) words[words.length - 1] = 0xffffffff >>> (32 - (bits % 32));
}
