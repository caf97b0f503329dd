/** So many lines at once, and after that so many a second. */
export interface LineLimit {
  readonly burst: number;
  readonly perSecond: number;
}

/** A token bucket: full at first, and filled again with time. */
class Allowance {
  readonly #limit: LineLimit;
  #left: number;
  #at: number;

  constructor(limit: LineLimit, monotonic: number) {
    this.#limit = limit;
    this.#left = limit.burst;
    this.#at = monotonic;
  }

  leftAt(monotonic: number): number {
    const { burst, perSecond } = this.#limit;
    this.#left = Math.min(burst, this.#left + ((monotonic - this.#at) * perSecond) / 1000);
    this.#at = monotonic;
    return this.#left;
  }

  /** May fall below nothing: a line is never cut. */
  take(count: number): void {
    this.#left -= count;
  }
}

interface Kind {
  readonly allowance: Allowance;
  /** When it was admitted last. */
  admittedAt: number;
  /** Lines left out since the last one that was written. */
  leftOut: number;
}

/** So long, in lines, nothing of a kind has come since a line was left out: that it is told does not wait for another one. */
const QUIET = 2;

/** A kind that had no line for so long has one, however much the others write: milliseconds. */
const SELDOM = 5000;

export interface LineLimitsOptions<Key> {
  limitOf(key: Key): LineLimit;
  /** Of all lines together, in octets. */
  readonly octets: LineLimit;
  /** Milliseconds. */
  readonly monotonic: () => number;
}

/**
 * How many lines of each kind the log may have, and how many octets all of them: no flood fills a disk. Whoever writes
 * asks before a line is made. Memory: one entry for each kind, of which there are few.
 */
export class LineLimits<Key> {
  readonly #options: LineLimitsOptions<Key>;
  readonly #octets: Allowance;
  readonly #kinds = new Map<Key, Kind>();

  constructor(options: LineLimitsOptions<Key>) {
    this.#options = options;
    this.#octets = new Allowance(options.octets, options.monotonic());
  }

  /** How many lines of that kind were left out since the last one. Undefined: this one is left out too. */
  admit(key: Key): number | undefined {
    const monotonic = this.#options.monotonic();
    let kind = this.#kinds.get(key);
    if (kind === undefined) {
      const allowance = new Allowance(this.#options.limitOf(key), monotonic);
      kind = { allowance, admittedAt: Number.NEGATIVE_INFINITY, leftOut: 0 };
      this.#kinds.set(key, kind);
    }
    const isSeldom = monotonic - kind.admittedAt >= SELDOM;
    if (kind.allowance.leftAt(monotonic) < 1 || (this.#octets.leftAt(monotonic) <= 0 && !isSeldom)) {
      kind.leftOut += 1;
      return undefined;
    }
    kind.allowance.take(1);
    kind.admittedAt = monotonic;
    const { leftOut } = kind;
    kind.leftOut = 0;
    return leftOut;
  }

  /** Counts a line that was admitted. */
  wrote(octets: number): void {
    this.#octets.take(octets);
  }

  /** For now and then: kinds of which lines were left out and none has come since, with how many; each is told once. */
  *quiet(): Generator<readonly [Key, number]> {
    const monotonic = this.#options.monotonic();
    for (const [key, kind] of this.#kinds) {
      if (kind.leftOut === 0 || kind.allowance.leftAt(monotonic) < QUIET) continue;
      if (this.#octets.leftAt(monotonic) <= 0) return;
      kind.allowance.take(1);
      yield* told(key, kind);
    }
  }

  /** At the end: all that was not told. */
  *rest(): Generator<readonly [Key, number]> {
    for (const [key, kind] of this.#kinds) if (kind.leftOut > 0) yield* told(key, kind);
  }
}

/** The field that counts them; none where none was left out. */
export function repeatedField(repeated: number): { readonly repeated?: number } {
  return repeated === 0 ? {} : { repeated };
}

function* told<Key>(key: Key, kind: Kind): Generator<readonly [Key, number]> {
  const { leftOut } = kind;
  kind.leftOut = 0;
  yield [key, leftOut];
}
