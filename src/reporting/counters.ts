import type { Decision } from '../engine/decision/decision.ts';
import type { Drop } from '../exchange/observer/drops.ts';
import { type DecisionOutcome, mayLeave, type Observer } from '../exchange/observer/observer.ts';
import type { Timings } from '../exchange/observer/timings.ts';
import type { ClientKey } from '../lease/client-key.ts';
import type { Message } from '../wire/message.ts';
import {
  COUNTER_SLOTS,
  HISTOGRAMS,
  type HistogramName,
  histogramSlot,
  singleSlot,
  type TallyName,
  tallySlot,
} from './counter-slots.ts';
import { CounterReader, type CounterValues } from './read-counters.ts';

const SENT_LATE = singleSlot('sentLate');
const WAITS = singleSlot('waits');
const MISTAKES = singleSlot('mistakes');
const BEAT_AT = singleSlot('beatAt');
const BEAT_LATE = singleSlot('beatLate');
const REPLY = histogramSlot('reply');
const COMMIT = histogramSlot('commit');
const BATCH = histogramSlot('batch');

/**
 * Counts everything that the exchange does since the start of the process. The counts lie in memory that other threads
 * can read meanwhile (`CounterReader`), also while this thread stands still. To count allocates nothing.
 */
export class Counters implements Observer, Timings {
  readonly memory = new SharedArrayBuffer(COUNTER_SLOTS * Float64Array.BYTES_PER_ELEMENT);
  readonly #slots = new Float64Array(this.memory);
  readonly #reader = new CounterReader(this.#slots);

  decided(message: Message, _client: ClientKey, decision: Decision, outcome: DecisionOutcome): void {
    this.#decided(decision, outcome);
    if (!isFinal(decision, outcome)) return;
    this.#count('messages', message.type ?? 'BOOTP');
    if (decision.kind === 'reply' && mayLeave(outcome)) this.#count('replies', decision.reply.type);
  }

  ordered(decision: Decision, outcome: DecisionOutcome): void {
    this.#decided(decision, outcome);
  }

  dropped(reason: Drop, count: number): void {
    this.#count('drops', reason, count);
  }

  sentLate(count: number): void {
    this.#add(SENT_LATE, count);
  }

  omitted(code: number): void {
    this.#count('omitted', String(code));
  }

  broken(): void {
    this.#add(MISTAKES, 1);
  }

  replied(milliseconds: number): void {
    this.#measure('reply', REPLY, milliseconds / 1000);
  }

  committed(milliseconds: number, changes: number): void {
    this.#measure('commit', COMMIT, milliseconds / 1000);
    this.#measure('batch', BATCH, changes);
  }

  /** The server's beat: wall-clock milliseconds, and how much later than planned it came. */
  beat(now: number, late: number): void {
    this.#slots[BEAT_AT] = now;
    this.#slots[BEAT_LATE] = late;
  }

  values(): CounterValues {
    return this.#reader.values();
  }

  #decided(decision: Decision, outcome: DecisionOutcome): void {
    if (decision.kind === 'wait') this.#add(WAITS, 1);
    if (outcome !== 'nothing') this.#count('outcomes', outcome);
    if (!isFinal(decision, outcome)) return;
    this.#count('reasons', decision.reason);
    if (!mayLeave(outcome)) this.#count('drops', outcome);
  }

  #count(tally: TallyName, name: string, count = 1): void {
    const slot = tallySlot(tally, name);
    if (slot === undefined) throw new Error(`${name} is not counted in ${tally}`);
    this.#add(slot, count);
  }

  #measure(histogram: HistogramName, first: number, value: number): void {
    const ends = HISTOGRAMS[histogram];
    let bucket = 0;
    while (value > (ends[bucket] ?? Number.POSITIVE_INFINITY)) bucket += 1;
    this.#add(first + bucket, 1);
    this.#add(first + ends.length + 1, value);
  }

  #add(slot: number, count: number): void {
    this.#slots[slot] = (this.#slots[slot] ?? 0) + count;
  }
}

/** False if the message is decided again. */
export function isFinal(decision: Decision, outcome: DecisionOutcome): boolean {
  if (decision.kind === 'wait' || outcome === 'conflict') return false;
  return decision.kind !== 'again' || outcome !== 'committed';
}
