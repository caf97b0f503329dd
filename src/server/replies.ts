import type { Destination } from '../net/datagram.ts';
import {
  type Outgoing,
  SEND_HEADROOM_BYTES,
  SEND_SLOT_BYTES,
  type Transport,
} from '../transport/transport.ts';
import { encode } from '../wire/encode.ts';
import type { Reply } from '../wire/reply.ts';
import type { Observer } from './observer.ts';

/** The replies of one round, encoded in the order in which they were added, and sent together. */
export class Replies {
  readonly #transport: Transport;
  readonly #observer: Observer;
  readonly #maximum: number;
  readonly #omitted: (code: number) => void;
  #outgoing: Outgoing[] = [];

  constructor(transport: Transport, observer: Observer) {
    this.#transport = transport;
    this.#observer = observer;
    this.#maximum = Math.min(transport.maximumPayload, SEND_SLOT_BYTES - SEND_HEADROOM_BYTES);
    this.#omitted = (code) => observer.omitted(code);
  }

  add(reply: Reply, destination: Destination): void {
    const { outbox } = this.#transport;
    if (this.#outgoing.length === outbox.capacity) this.flush();
    const offset = this.#outgoing.length * SEND_SLOT_BYTES + SEND_HEADROOM_BYTES;
    const length = encode(reply, outbox.bytes, outbox.view, offset, this.#maximum, this.#omitted);
    this.#outgoing.push({ offset, length, destination });
  }

  flush(): void {
    if (this.#outgoing.length === 0) return;
    const outgoing = this.#outgoing;
    this.#outgoing = [];
    const refused = outgoing.length - this.#send(outgoing);
    if (refused > 0) this.#observer.dropped('send-refused', refused);
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
