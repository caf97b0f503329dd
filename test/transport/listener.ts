import type { Arrival, Destination } from '../../src/net/datagram.ts';
import {
  type Outgoing,
  SEND_HEADROOM_BYTES,
  SEND_SLOT_BYTES,
  type Transport,
} from '../../src/transport/transport.ts';

export interface Heard {
  /** What came: a copy. */
  readonly bytes: Buffer;
  readonly truncated: boolean;
  readonly arrival: Arrival;
}

/** Reads a transport from its start on, and keeps what it hears. */
export class Listener {
  readonly heard: Heard[] = [];
  /** Datagrams in each batch. */
  readonly batches: number[] = [];
  readonly #waiting: { readonly count: number; readonly done: () => void }[] = [];

  constructor(transport: Transport, capacity = 64) {
    const arena = transport.arena(capacity);
    transport.onReadable(() => {
      const batch = transport.receive(arena);
      this.batches.push(batch.datagrams.length);
      for (const { offset, length, truncated, arrival } of batch.datagrams) {
        this.heard.push({
          bytes: Buffer.from(arena.bytes.slice(offset, offset + length)),
          truncated,
          arrival,
        });
      }
      for (const { count, done } of this.#waiting) if (this.heard.length >= count) done();
    });
  }

  get texts(): readonly string[] {
    return this.heard.map(({ bytes }) => bytes.toString());
  }

  /** Done when so many have been heard; the test's own time limit ends a wait in vain. */
  async until(count: number): Promise<void> {
    if (this.heard.length >= count) return;
    await new Promise<void>((done) => this.#waiting.push({ count, done }));
  }
}

/** Puts payloads into the outbox, one a slot, and sends all of them in one call. */
export function sendAll(
  transport: Transport,
  replies: readonly (readonly [payload: string | Uint8Array, destination: Destination])[],
): number {
  const outgoing = replies.map(([payload, destination], slot): Outgoing => {
    const bytes = Buffer.from(payload);
    const offset = slot * SEND_SLOT_BYTES + SEND_HEADROOM_BYTES;
    transport.outbox.bytes.set(bytes, offset);
    return { offset, length: bytes.length, destination };
  });
  return transport.send(outgoing);
}
