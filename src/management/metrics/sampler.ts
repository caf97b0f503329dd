import { DROPS, type DropRow } from '../../exchange/observer/drops.ts';
import { REPLY_BUCKETS } from '../../reporting/counter-slots.ts';
import type { CounterReader } from '../../reporting/read-counters.ts';
import { quantileOf } from '../samples/quantile.ts';
import type { Sample, SampleRing } from '../samples/sample-ring.ts';
import type { Asked } from './families.ts';

/** Time between two samples: milliseconds. */
const MINUTE = 60_000;

/** The counts of one moment. */
interface Counted {
  readonly at: number;
  readonly messages: number;
  readonly drops: number;
  readonly refused: number;
  readonly replies: readonly number[];
}

export interface SamplerParts {
  readonly ring: SampleRing;
  readonly counters: CounterReader;
  readonly asked: () => Promise<Asked>;
  /** Wall-clock milliseconds. */
  readonly now: () => number;
}

/** Takes a sample each minute: of the counts, which costs the packets' thread nothing, and of one question to it. */
export class Sampler {
  readonly #parts: SamplerParts;
  #before: Counted | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: SamplerParts) {
    this.#parts = parts;
  }

  /** Takes the first one at once, unless a thread before this one has just taken one. */
  begin(): void {
    const newest = this.#parts.ring.newest?.at ?? 0;
    if (Math.abs(this.#parts.now() - newest) >= MINUTE) void this.take();
    else this.#before = this.#count();
    this.#timer = setInterval(() => void this.take(), MINUTE).unref();
  }

  end(): void {
    clearInterval(this.#timer);
  }

  /** Never rejects: where the gateway does not answer, the pool is not known. */
  async take(): Promise<void> {
    const asked = await this.#parts.asked().catch(() => undefined);
    const now = this.#count();
    const before = this.#before;
    this.#before = now;
    this.#parts.ring.put({ at: now.at, ...poolFields(asked), ...betweenOf(before, now) });
  }

  #count(): Counted {
    const { counters, now } = this.#parts;
    const rows: Readonly<Record<string, DropRow>> = DROPS;
    let [drops, refused] = [0, 0];
    for (const [cause, count] of Object.entries(counters.tally('drops')))
      if (rows[cause]?.isFaulty === true || rows[cause]?.isUnwelcome === true) refused += count;
      else drops += count;
    const messages = Object.values(counters.tally('messages')).reduce((sum, count) => sum + count, 0);
    return { at: now(), messages, drops, refused, replies: counters.histogram('reply').counts };
  }
}

function poolFields(asked: Asked | undefined): Omit<Sample, keyof ReturnType<typeof betweenOf> | 'at'> {
  const { size, leased, peers, declined, offered, left } = asked?.status.pool ?? {};
  const known = (value: number | undefined) => value ?? Number.NaN;
  return {
    size: known(size),
    leased: known(leased),
    peers: known(peers),
    declined: known(declined),
    offered: known(offered),
    left: known(left),
    reserved: known(asked?.figures.reservations),
  };
}

/** What is new since then; of the first sample nothing is known. */
function betweenOf(before: Counted | undefined, now: Counted) {
  const seconds = before === undefined ? 0 : (now.at - before.at) / 1000;
  if (before === undefined || seconds <= 0)
    return {
      exchanges: Number.NaN,
      p50: Number.NaN,
      p99: Number.NaN,
      drops: Number.NaN,
      refused: Number.NaN,
    };
  const replies = now.replies.map((count, bucket) => count - (before.replies[bucket] ?? 0));
  return {
    exchanges: (now.messages - before.messages) / seconds,
    p50: quantileOf(0.5, REPLY_BUCKETS, replies),
    p99: quantileOf(0.99, REPLY_BUCKETS, replies),
    drops: now.drops - before.drops,
    refused: now.refused - before.refused,
  };
}
