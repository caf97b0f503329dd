/** What one sample has, each a number of 64 bits; not a number: it was not known. */
export const SAMPLE_FIELDS = [
  /** Wall-clock milliseconds. */
  'at',
  'size',
  'leased',
  'peers',
  'declined',
  'offered',
  'left',
  'reserved',
  /** Since the sample before, in a second. */
  'exchanges',
  /** From the reading of a message to its reply, of the replies since then: seconds. */
  'p50',
  'p99',
  /** Since the sample before. */
  'drops',
  'refused',
] as const;
export type Sample = Readonly<Record<(typeof SAMPLE_FIELDS)[number], number>>;

/** One a minute for seven days. */
const MOST = 7 * 24 * 60;
const WIDTH = SAMPLE_FIELDS.length;
const HEAD = 8;

/** Octets of the memory. A page of it is taken when it is written first. */
export const SAMPLE_RING_BYTES = HEAD + MOST * WIDTH * Float64Array.BYTES_PER_ELEMENT;

/** The newest samples, in memory that outlives the thread that writes and reads them. */
export class SampleRing {
  readonly #written: Uint32Array;
  readonly #numbers: Float64Array;

  constructor(memory: SharedArrayBuffer) {
    this.#written = new Uint32Array(memory, 0, 1);
    this.#numbers = new Float64Array(memory, HEAD);
  }

  put(sample: Sample): void {
    const written = this.#written[0] ?? 0;
    const from = (written % MOST) * WIDTH;
    for (const [index, field] of SAMPLE_FIELDS.entries()) this.#numbers[from + index] = sample[field];
    this.#written[0] = written + 1;
  }

  /** Undefined: there is none. */
  get newest(): Sample | undefined {
    const written = this.#written[0] ?? 0;
    return written === 0 ? undefined : this.#at(written - 1);
  }

  /** Those from a time on, the oldest first. @param at Wall-clock milliseconds. */
  since(at: number): readonly Sample[] {
    const written = this.#written[0] ?? 0;
    const samples: Sample[] = [];
    for (let number = Math.max(0, written - MOST); number < written; number += 1) {
      const sample = this.#at(number);
      if (sample.at >= at) samples.push(sample);
    }
    return samples;
  }

  #at(number: number): Sample {
    const from = (number % MOST) * WIDTH;
    const entries = SAMPLE_FIELDS.map((field, index) => [field, this.#numbers[from + index] ?? Number.NaN]);
    return Object.fromEntries(entries) as Sample;
  }
}
