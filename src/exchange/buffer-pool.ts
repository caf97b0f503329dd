import { RECEIVE_SLOT_BYTES } from '../transport/transport.ts';
import { decode } from '../wire/decode.ts';
import type { Message } from '../wire/message.ts';

/** Memory of fixed size for the messages that outlive the arena they were read into: a number of equal buffers. */
export class BufferPool {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #free: number[] = [];
  /** Not needed any more by their messages, but perhaps by whoever is told of those. */
  #returned: number[] = [];

  constructor(buffers: number) {
    this.#bytes = new Uint8Array(buffers * RECEIVE_SLOT_BYTES);
    this.#view = new DataView(this.#bytes.buffer);
    for (let buffer = buffers - 1; buffer >= 0; buffer -= 1) this.#free.push(buffer);
  }

  /** The number of a free buffer, or -1. */
  take(): number {
    return this.#free.pop() ?? -1;
  }

  /** Its bytes stay as they are until the next `reuse`. */
  give(buffer: number): void {
    this.#returned.push(buffer);
  }

  /** Nobody reads what lay in the buffers that were given back: they are free. */
  reuse(): void {
    if (this.#returned.length === 0) return;
    this.#free.push(...this.#returned);
    this.#returned = [];
  }

  /**
   * The message again, over a copy of its bytes.
   *
   * @throws if the copy cannot be decoded, which it could be before.
   */
  copy(message: Message, buffer: number): Message {
    const start = buffer * RECEIVE_SLOT_BYTES;
    this.#bytes.set(message.bytes.subarray(message.offset, message.offset + message.length), start);
    const copied = decode(this.#bytes, this.#view, start, message.length);
    if (!copied.ok) throw new Error(`a copied datagram reads as ${copied.malformed}`);
    return copied;
  }
}
