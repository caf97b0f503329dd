import { Allowance, type LineLimit } from '../log/allowance.ts';

interface Kind {
  readonly allowance: Allowance;
  /** When a line was last admitted: monotonic milliseconds. */
  admittedAt: number;
  /** Lines omitted since the last one that was written. */
  omitted: number;
}

/** Tokens of a kind after which its omitted lines are reported, although no new line of that kind has come. */
const QUIET_LINES = 2;

/** A kind without a line for this time may write one, however much the others write: milliseconds. */
const RARE_AFTER = 5000;

export interface LineLimitsOptions<Key> {
  limitOf(key: Key): LineLimit;
  /** For all lines together, in octets. */
  readonly octets: LineLimit;
  /** Milliseconds. */
  readonly monotonic: () => number;
}

/**
 * Limits the lines of each kind, and the octets of all lines together, so that no flood fills a disk. Ask before you build
 * a line. Memory: one entry for each kind; there are few kinds.
 */
export class LineLimits<Key> {
  readonly #options: LineLimitsOptions<Key>;
  readonly #octets: Allowance;
  readonly #kinds = new Map<Key, Kind>();

  constructor(options: LineLimitsOptions<Key>) {
    this.#options = options;
    this.#octets = new Allowance(options.octets, options.monotonic());
  }

  /** The number of lines of this kind that were omitted since the last one; undefined: omit this one too. */
  admit(key: Key): number | undefined {
    const monotonic = this.#options.monotonic();
    let kind = this.#kinds.get(key);
    if (kind === undefined) {
      const allowance = new Allowance(this.#options.limitOf(key), monotonic);
      kind = { allowance, admittedAt: Number.NEGATIVE_INFINITY, omitted: 0 };
      this.#kinds.set(key, kind);
    }
    const isRare = monotonic - kind.admittedAt >= RARE_AFTER;
    if (kind.allowance.leftAt(monotonic) < 1 || (this.#octets.leftAt(monotonic) <= 0 && !isRare)) {
      kind.omitted += 1;
      return undefined;
    }
    kind.allowance.take(1);
    kind.admittedAt = monotonic;
    const { omitted } = kind;
    kind.omitted = 0;
    return omitted;
  }

  /** Counts a line that was admitted. */
  wrote(octets: number): void {
    this.#octets.take(octets);
  }

  /** Call it about once a second. The kinds with omitted lines that had no new line since, with their number; each once. */
  *quiet(): Generator<readonly [Key, number]> {
    const monotonic = this.#options.monotonic();
    for (const [key, kind] of this.#kinds) {
      if (kind.omitted === 0 || kind.allowance.leftAt(monotonic) < QUIET_LINES) continue;
      if (this.#octets.leftAt(monotonic) <= 0) return;
      kind.allowance.take(1);
      yield* takeOmitted(key, kind);
    }
  }

  /** Call it at the end. The kinds with omitted lines that were not reported yet. */
  *rest(): Generator<readonly [Key, number]> {
    for (const [key, kind] of this.#kinds) if (kind.omitted > 0) yield* takeOmitted(key, kind);
  }
}

/** The log field with the number of omitted lines; no field if there are none. */
export function repeatedField(repeated: number): { readonly repeated?: number } {
  return repeated === 0 ? {} : { repeated };
}

function* takeOmitted<Key>(key: Key, kind: Kind): Generator<readonly [Key, number]> {
  const { omitted } = kind;
  kind.omitted = 0;
  yield [key, omitted];
}
