import { RECEIVE_SLOT_BYTES } from '../../transport/transport.ts';
import { decode } from '../../wire/decode.ts';
import type { Message } from '../../wire/message.ts';

/** Buffers that are made together. */
const SLAB = 256;

interface Slab {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/**
 * Memory for the messages that outlive the arena they were read into: equal buffers, up to a number. They are made when
 * they are needed first, and kept.
 */
export class BufferPool {
  readonly #limit: number;
  readonly #slabs: Slab[] = [];
  readonly #free: number[] = [];
  /** Not needed any more by their messages, but perhaps by whoever is told of those. */
  #returned: number[] = [];

  constructor(buffers: number) {
    this.#limit = buffers;
  }

  /** The number of a free buffer, or -1. */
  take(): number {
    if (this.#free.length === 0 && this.#returned.length === 0) this.#grow();
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
    const slab = this.#slabs[Math.floor(buffer / SLAB)];
    if (slab === undefined) throw new Error(`no buffer ${buffer}`);
    const start = (buffer % SLAB) * RECEIVE_SLOT_BYTES;
    slab.bytes.set(message.bytes.subarray(message.offset, message.offset + message.length), start);
    const copied = decode(slab.bytes, slab.view, start, message.length);
    if (!copied.ok) throw new Error(`a copied datagram reads as ${copied.malformed}`);
    return copied;
  }

  #grow(): void {
    const first = this.#slabs.length * SLAB;
    const end = Math.min(first + SLAB, this.#limit);
    if (first >= end) return;
    const bytes = new Uint8Array((end - first) * RECEIVE_SLOT_BYTES);
    this.#slabs.push({ bytes, view: new DataView(bytes.buffer) });
    for (let buffer = end - 1; buffer >= first; buffer -= 1) this.#free.push(buffer);
  }
}
