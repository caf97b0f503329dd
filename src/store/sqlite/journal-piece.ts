import { type BatchPlace, batchAt } from './journal-batch.ts';

/** Where a batch begins: in which half, and at which byte of it. */
export interface Place {
  readonly segment: number;
  readonly offset: number;
}

/**
 * A piece of the journal: batches in the order of their commits, whole ones only. They are looked at one by one, as the
 * checksums of a whole piece would hold up the packets.
 */
export class JournalPiece {
  readonly bytes: Buffer;
  readonly view: DataView;
  readonly #start: Place;
  readonly #last: number;
  #sequence: number;
  #length = 0;

  /** `before`: the batch in front of the piece. `last`: of its half; what stands behind it is from before. */
  constructor(bytes: Uint8Array<ArrayBuffer>, start: Place, before: number, last: number) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#start = start;
    this.#sequence = before;
    this.#last = last;
  }

  /** Of the last batch that `next` has returned. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Behind the last batch that `next` has returned. */
  get end(): Place {
    return { segment: this.#start.segment, offset: this.#start.offset + this.#length };
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
