import { REASONS } from '../engine/decision/reasons.ts';
import { DROPS } from '../exchange/observer/drops.ts';
import { OUTCOMES } from '../store/lease-store.ts';
import { MESSAGE_TYPES } from '../wire/message.ts';
import { REPLY_TYPES } from '../wire/reply.ts';

/** Time between two beats of a server, by which it tells that its thread does not stand still: milliseconds. */
export const BEAT = 500;

/** Upper ends of histogram buckets; a last bucket takes the rest. Seconds. */
export const REPLY_BUCKETS = [0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 4];
export const COMMIT_BUCKETS = [0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.1, 1];
/** Changes of one commit. */
export const BATCH_BUCKETS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512];

/** The names that are counted one by one, by what they are. They are fixed: nothing is allocated when one is counted. */
export const TALLIES = {
  messages: [...MESSAGE_TYPES, 'BOOTP'],
  reasons: Object.keys(REASONS),
  replies: [...REPLY_TYPES],
  outcomes: [...OUTCOMES],
  drops: [...Object.keys(DROPS), ...OUTCOMES],
  omitted: Array.from({ length: 256 }, (_, code) => String(code)),
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** What is counted or noted alone. */
export const SINGLES = [
  'sentLate',
  'waits',
  'mistakes',
  /** When the server's last beat was: wall-clock milliseconds. 0: there was none. */
  'beatAt',
  /** How much later than planned that was: milliseconds. */
  'beatLate',
] as const;

/** A histogram has a slot for each bucket, one for what is larger, and one for the sum of all. */
export const HISTOGRAMS = {
  reply: REPLY_BUCKETS,
  commit: COMMIT_BUCKETS,
  batch: BATCH_BUCKETS,
} as const satisfies Readonly<Record<string, readonly number[]>>;

export type TallyName = keyof typeof TALLIES;
export type SingleName = (typeof SINGLES)[number];
export type HistogramName = keyof typeof HISTOGRAMS;

/** Where each name of a tally has its slot. */
const SLOTS_BY_NAME: Readonly<Record<TallyName, ReadonlyMap<string, number>>> = slotsByName();
const TALLY_SLOTS = Object.values(TALLIES).reduce((sum, names) => sum + names.length, 0);
const HISTOGRAM_SLOTS = Object.values(HISTOGRAMS).reduce((sum, { length }) => sum + length + 2, 0);

/** The number of slots: one number of 64 bits each. */
export const COUNTER_SLOTS = TALLY_SLOTS + SINGLES.length + HISTOGRAM_SLOTS;

/** Undefined for a name that the table does not have. */
export function tallySlot(tally: TallyName, name: string): number | undefined {
  return SLOTS_BY_NAME[tally].get(name);
}

export function singleSlot(name: SingleName): number {
  return TALLY_SLOTS + SINGLES.indexOf(name);
}

/** The first slot of a histogram. */
export function histogramSlot(name: HistogramName): number {
  let slot = TALLY_SLOTS + SINGLES.length;
  for (const [each, { length }] of Object.entries(HISTOGRAMS)) {
    if (each === name) return slot;
    slot += length + 2;
  }
  return slot;
}

function slotsByName(): Readonly<Record<TallyName, ReadonlyMap<string, number>>> {
  let slot = 0;
  const entries = Object.entries(TALLIES).map(([tally, names]) => [
    tally,
    new Map(names.map((name) => [name, slot++])),
  ]);
  return Object.fromEntries(entries) as Readonly<Record<TallyName, ReadonlyMap<string, number>>>;
}
