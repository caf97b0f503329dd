import { type BatchPlace, batchAt } from './journal-batch.ts';

/**
 * A piece of the journal: batches in the order of their commits, whole ones only. They are looked at one by one, as the
 * checksums of a whole piece would hold up the packets.
 */
export class JournalPiece {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** The last batch of its half; none is looked for behind it. */
  readonly #last: number;
  #sequence: number;
  #length = 0;

  /** `before`: the batch in front of the piece. */
  constructor(bytes: Uint8Array<ArrayBuffer>, before: number, last: number) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#sequence = before;
    this.#last = last;
  }

  /** Of the last batch that `next` has returned. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Bytes of the batches that `next` has returned. */
  get length(): number {
    return this.#length;
  }

  /** The next batch; undefined: there is no other whole one. Throws if there is none at all. */
  next(): BatchPlace | undefined {
    if (this.#sequence === this.#last) return undefined;
    const batch = batchAt(this.bytes, this.view, this.#length);
    if (batch === undefined || batch.sequence !== this.#sequence + 1) {
      if (this.#length === 0) throw new Error('the journal cannot be read back');
      return undefined;
    }
    this.#sequence = batch.sequence;
    this.#length = batch.end;
    return batch;
  }
}
