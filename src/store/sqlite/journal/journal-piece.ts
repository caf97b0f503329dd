import { type BatchFormat, type BatchPlace, batchAt } from './journal-batch.ts';

/** Where a batch begins: in which half, and at which byte of it. */
export interface Place {
  readonly segment: number;
  readonly offset: number;
}

/** Where a piece stands among the batches. */
export interface PieceStanding {
  readonly start: Place;
  /** The batch in front of it. */
  readonly before: number;
  /** The last one that it may hold; what stands behind it is from before. */
  readonly last: number;
  readonly format: BatchFormat;
}

/**
 * A piece of the journal: batches in the order of their commits, whole ones only. They are looked at one by one, as the
 * checksums of a whole piece would hold up the packets.
 */
export class JournalPiece {
  readonly bytes: Buffer;
  readonly view: DataView;
  readonly #standing: PieceStanding;
  #sequence: number;
  #length = 0;

  constructor(bytes: Uint8Array<ArrayBuffer>, standing: PieceStanding) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#standing = standing;
    this.#sequence = standing.before;
  }

  /** Of the last batch that `next` has returned. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Behind the last batch that `next` has returned. */
  get end(): Place {
    const { segment, offset } = this.#standing.start;
    return { segment, offset: offset + this.#length };
  }

  /** The next batch; undefined: there is no other whole one. Throws if there is none at all. */
  next(): BatchPlace | undefined {
    const { last, format } = this.#standing;
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
