import { RECEIVE_SLOT_BYTES } from '../transport/transport.ts';
import { decode } from '../wire/decode.ts';
import type { Message } from '../wire/message.ts';

/** Memory of fixed size for the datagrams that outlive their arena. */
export class Slab {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #free: number[] = [];

  constructor(slots: number) {
    this.#bytes = new Uint8Array(slots * RECEIVE_SLOT_BYTES);
    this.#view = new DataView(this.#bytes.buffer);
    for (let slot = slots - 1; slot >= 0; slot -= 1) this.#free.push(slot);
  }

  /** A free slot, or -1. */
  take(): number {
    return this.#free.pop() ?? -1;
  }

  give(slot: number): void {
    this.#free.push(slot);
  }

  /** The message again, over a copy of its bytes in the slot. */
  copy(message: Message, slot: number): Message {
    const start = slot * RECEIVE_SLOT_BYTES;
    this.#bytes.set(message.bytes.subarray(message.offset, message.offset + message.length), start);
    const copied = decode(this.#bytes, this.#view, start, message.length);
    if (!copied.ok) throw new Error(`a copied datagram reads as ${copied.malformed}`);
    return copied;
  }
}
