import {
  HISTOGRAMS,
  type HistogramName,
  histogramSlot,
  type SingleName,
  singleSlot,
  TALLIES,
  type TallyName,
  tallySlot,
} from './counter-slots.ts';

/** Counts by name. */
export type Tally = Readonly<Record<string, number>>;

export interface CounterValues {
  /** Messages with a final decision, by type. */
  readonly messages: Tally;
  /** Final decisions of messages and orders, by reason. */
  readonly reasons: Tally;
  /** Replies that were handed to the transport, by type. */
  readonly replies: Tally;
  /** Commits of changes, by outcome. */
  readonly outcomes: Tally;
  /** Datagrams and messages that got no decision, and decisions whose reply was not sent, by cause. */
  readonly drops: Tally;
  /** Replies that may have been sent late: the process stood still while it sent them. */
  readonly sentLate: number;
  /** Decisions to wait. */
  readonly waits: number;
  /** Options left out of replies, by code. */
  readonly omitted: Tally;
  readonly mistakes: number;
}

export interface HistogramValues {
  /** How many were at most so large, for each bucket; the last is all. */
  readonly counts: readonly number[];
  readonly sum: number;
}

/**
 * Reads the memory that `Counters` writes, in any thread. Each number is whole; two of them may be of different moments.
 */
export class CounterReader {
  readonly #slots: Float64Array;

  constructor(slots: Float64Array) {
    this.#slots = slots;
  }

  values(): CounterValues {
    return {
      messages: this.tally('messages'),
      reasons: this.tally('reasons'),
      replies: this.tally('replies'),
      outcomes: this.tally('outcomes'),
      drops: this.tally('drops'),
      sentLate: this.single('sentLate'),
      waits: this.single('waits'),
      omitted: this.tally('omitted'),
      mistakes: this.single('mistakes'),
    };
  }

  /** Without names that were never counted, if `all` does not say so. */
  tally(name: TallyName, all = false): Tally {
    const counts = TALLIES[name].map((each): [string, number] => [each, this.#at(tallySlot(name, each))]);
    return Object.fromEntries(counts.filter(([, count]) => all || count > 0));
  }

  single(name: SingleName): number {
    return this.#at(singleSlot(name));
  }

  histogram(name: HistogramName): HistogramValues {
    const first = histogramSlot(name);
    const buckets = HISTOGRAMS[name].length + 1;
    let count = 0;
    const counts = Array.from({ length: buckets }, (_, bucket) => (count += this.#at(first + bucket)));
    return { counts, sum: this.#at(first + buckets) };
  }

  #at(slot: number | undefined): number {
    return slot === undefined ? 0 : (this.#slots[slot] ?? 0);
  }
}
