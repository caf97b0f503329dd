import { type BatchFormat, batchAt, type JournalBatch } from './journal-batch.ts';

/** A position in the journal: in which half, 0 or 1, and at which byte of it. */
export interface JournalPosition {
  readonly half: number;
  readonly offset: number;
}

/** Which batches a reader may return. */
export interface BatchRange {
  readonly start: JournalPosition;
  /** The sequence of the batch in front of the first one. */
  readonly before: number;
  /** The sequence of the last batch. Bytes behind it are older. */
  readonly last: number;
  readonly format: BatchFormat;
}

/**
 * Reads a part of the journal batch by batch, in the order of the commits. A batch that is not whole ends it. The caller
 * decides when the next batch is read: to check the checksums of a whole part at once would hold up packets.
 */
export class BatchReader {
  readonly bytes: Buffer;
  readonly view: DataView;
  readonly #range: BatchRange;
  #sequence: number;
  #length = 0;

  constructor(bytes: Uint8Array<ArrayBuffer>, range: BatchRange) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#range = range;
    this.#sequence = range.before;
  }

  /** The sequence of the batch that `next` returned last. */
  get sequence(): number {
    return this.#sequence;
  }

  /** The position behind the batch that `next` returned last. */
  get end(): JournalPosition {
    const { half, offset } = this.#range.start;
    return { half, offset: offset + this.#length };
  }

  /**
   * The next batch; undefined at the end.
   *
   * @throws Error if not even the first batch is whole.
   */
  next(): JournalBatch | undefined {
    const { last, format } = this.#range;
    if (this.#sequence === last) return undefined;
    const batch = batchAt(this.bytes, this.view, this.#length, format);
    if (batch === undefined || batch.sequence !== this.#sequence + 1) {
      if (this.#length === 0) throw new Error('the journal cannot be read back');
      return undefined;
    }
    this.#sequence = batch.sequence;
    this.#length = batch.end;
    return batch;
  }
}
