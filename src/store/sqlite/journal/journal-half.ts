import {
  BATCH_HEADER_BYTES,
  type BatchFormat,
  batchAt,
  batchBytesAt,
  type JournalBatch,
} from './journal-batch.ts';

/** Bytes that are read at once. */
const WINDOW_BYTES = 1 << 20;
/** The offset in a batch's header behind its length. */
const LENGTH_END = 8;

/** Fills `into` with the bytes of a half that begin at an offset. The half has all of them. */
export type ReadHalf = (into: Uint8Array, offset: number) => void;

/**
 * One half of the journal, read through a window. Recovery looks at all of it, and the memory for a whole half would stay
 * in use long after the start.
 */
export class JournalHalf {
  /** Bytes of the half. */
  readonly length: number;
  readonly #read: ReadHalf;
  #memory = Buffer.alloc(0);
  /** The window: its bytes, and the offset in the half where it begins. */
  #bytes = this.#memory;
  #view = viewOf(this.#memory);
  #from = 0;

  constructor(length: number, read: ReadHalf) {
    this.length = length;
    this.#read = read;
  }

  /** A half that is in memory already. */
  static of(bytes: Buffer): JournalHalf {
    return new JournalHalf(bytes.length, (into, offset) =>
      into.set(bytes.subarray(offset, offset + into.length)),
    );
  }

  /**
   * Moves the window to an offset of the half. Returns a view, and the position `at` in it of that offset; `length` bytes
   * follow there, or fewer at the end of the half. The view is valid until the next call.
   */
  viewAt(offset: number, length: number): { readonly view: DataView; readonly at: number } {
    const end = Math.min(offset + length, this.length);
    if (offset < this.#from || end > this.#from + this.#bytes.length) {
      const wanted = Math.min(Math.max(length, WINDOW_BYTES), this.length - offset);
      if (wanted > this.#memory.length) this.#memory = Buffer.alloc(wanted);
      this.#bytes = this.#memory.subarray(0, wanted);
      this.#view = viewOf(this.#bytes);
      this.#from = offset;
      this.#read(this.#bytes, offset);
    }
    return { view: this.#view, at: offset - this.#from };
  }

  /** The batch that begins at an offset; undefined: no whole batch begins there. */
  batchAt(offset: number, format: BatchFormat): JournalBatch | undefined {
    const header = this.viewAt(offset, BATCH_HEADER_BYTES);
    if (header.at + LENGTH_END > header.view.byteLength) return undefined;
    const bytes = batchBytesAt(header.view, header.at, format);
    if (offset + bytes > this.length) return undefined;
    const { view, at } = this.viewAt(offset, bytes);
    const batch = batchAt(this.#bytes, view, at, format);
    return batch && { ...batch, body: batch.body - at + offset, end: batch.end - at + offset };
  }

  /** The first offset, not before `from`, where these bytes are found; -1: nowhere. */
  indexOf(bytes: Uint8Array, from: number): number {
    for (let offset = from; offset + bytes.length <= this.length; ) {
      const { at } = this.viewAt(offset, bytes.length);
      const found = this.#bytes.indexOf(bytes, at);
      if (found >= 0) return this.#from + found;
      offset = this.#from + this.#bytes.length - bytes.length + 1;
    }
    return -1;
  }
}

function viewOf(bytes: Buffer<ArrayBuffer>): DataView<ArrayBuffer> {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
