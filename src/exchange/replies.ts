import type { Clock } from '../lease/clock.ts';
import type { Destination } from '../net/datagram.ts';
import {
  type Outgoing,
  SEND_HEADROOM_BYTES,
  SEND_SLOT_BYTES,
  type Transport,
} from '../transport/transport.ts';
import { encode } from '../wire/encode.ts';
import type { Reply } from '../wire/reply.ts';
import type { Observer } from './observer/observer.ts';
import type { Timings } from './observer/timings.ts';
import { STALE_AFTER } from './pending/pending.ts';

/**
 * The replies of one round, encoded in the order in which they were added, and sent together. A reply that was decided
 * too long ago is not sent: the process, its machine, its disk or etcd stood still since, so nobody knows what has become
 * of the address, and the client has asked again.
 */
export class Replies {
  readonly #transport: Transport;
  readonly #observer: Required<Observer>;
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #maximum: number;
  readonly #omitted: (code: number) => void;
  #outgoing: Outgoing[] = [];
  /** When each reply was decided, and the earliest of these times: monotonic milliseconds. */
  #decided: number[] = [];
  #oldest = Number.POSITIVE_INFINITY;
  readonly #timings: Timings | undefined;
  /** When the message of each reply was read: monotonic milliseconds. Kept only where somebody measures. */
  readonly #read: number[] = [];

  constructor(
    transport: Transport,
    observer: Required<Observer>,
    clock: Pick<Clock, 'monotonic'>,
    timings: Timings | undefined,
  ) {
    this.#transport = transport;
    this.#observer = observer;
    this.#clock = clock;
    this.#timings = timings;
    this.#maximum = Math.min(transport.maximumPayload, SEND_SLOT_BYTES - SEND_HEADROOM_BYTES);
    this.#omitted = (code) => observer.omitted(code);
  }

  add(reply: Reply, destination: Destination, decidedAt: number, readAt: number): void {
    const { outbox } = this.#transport;
    if (this.#outgoing.length === outbox.capacity) this.flush();
    const offset = this.#outgoing.length * SEND_SLOT_BYTES + SEND_HEADROOM_BYTES;
    const length = encode(reply, outbox.bytes, outbox.view, offset, this.#maximum, this.#omitted);
    this.#outgoing.push({ offset, length, destination });
    this.#decided.push(decidedAt);
    if (this.#timings !== undefined) this.#read.push(readAt);
    if (decidedAt < this.#oldest) this.#oldest = decidedAt;
  }

  /** Returns when they have left: monotonic milliseconds; undefined: there were none. */
  flush(): number | undefined {
    if (this.#outgoing.length === 0) return undefined;
    let leftAt: number | undefined;
    const begin = this.#clock.monotonic();
    const outgoing = this.#takeFresh(begin);
    if (outgoing.length > 0) {
      const sent = this.#send(outgoing);
      if (sent < outgoing.length) this.#observer.dropped('send-refused', outgoing.length - sent);
      const end = this.#clock.monotonic();
      if (end - begin > STALE_AFTER) this.#observer.sentLate(sent, end - begin);
      this.#measure(end, outgoing.length);
      leftAt = end;
    }
    this.#read.length = 0;
    return leftAt;
  }

  /** Where some replies were too old to be sent, none of them is measured: they are counted as drops. */
  #measure(end: number, sent: number): void {
    if (this.#read.length !== sent) return;
    for (const readAt of this.#read) this.#timings?.replied(end - readAt);
  }

  #takeFresh(now: number): readonly Outgoing[] {
    const all = this.#outgoing;
    const decided = this.#decided;
    const oldest = this.#oldest;
    this.#outgoing = [];
    this.#decided = [];
    this.#oldest = Number.POSITIVE_INFINITY;
    if (now - oldest <= STALE_AFTER) return all;
    const fresh = all.filter((_, index) => now - (decided[index] ?? 0) <= STALE_AFTER);
    this.#observer.dropped('stale-reply', all.length - fresh.length);
    return fresh;
  }

  #send(outgoing: readonly Outgoing[]): number {
    try {
      return this.#transport.send(outgoing);
    } catch (error) {
      this.#observer.broken(error); // What waits for the end of this round must not be lost with it.
      return 0;
    }
  }
}
