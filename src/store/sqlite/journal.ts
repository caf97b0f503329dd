import { statSync } from 'node:fs';
import {
  BATCH_HEADER_BYTES,
  type BatchWriter,
  batchBytesAt,
  isRunWhole,
  type Run,
  runIn,
} from './journal-batch.ts';
import { FILE_HEADER_BYTES, halfOf } from './journal-file.ts';
import { JournalPiece, type Place } from './journal-piece.ts';
import { SyncedFile } from './synced-file.ts';

/** More than a piece holds is read in several. */
const PIECE_BYTES = 1024 * 1024;
/** So much of a half is read at first, to find what is in it. */
const FIRST_BYTES = 256 * 1024;
/** So much of it is kept in memory; what is more is read from the disk. */
const RECENT_BYTES = 1024 * 1024;

/**
 * What was committed and is perhaps not in the lease file yet: batches in the order of their commits, each durable when
 * `append` returns. The file has its whole size from the start and is written over, so that a commit is one small
 * write that goes through to the disk (O_DSYNC), without the file system's own journal. It has two halves; one is
 * written while the other is being carried over, and is begun anew when all in it is safe in the lease file.
 *
 * Like SQLite's own log it relies on a write leaving the bytes beside it alone (https://www.sqlite.org/psow.html).
 */
export class Journal {
  readonly #file: SyncedFile;
  /** Of a half: a segment. */
  readonly #segmentBytes: number;
  /** The first and the last batch in each half; 0: none. */
  readonly #firstOf = [0, 0];
  readonly #lastOf = [0, 0];
  #writeAt: Place = { segment: 0, offset: 0 };
  #readAt: Place = { segment: 0, offset: 0 };
  /** What was written last, and where in the file it begins. */
  readonly #recent = new Uint8Array(RECENT_BYTES);
  #recentFrom = 0;
  #recentBytes = 0;
  /** The last batch written, read, and released. */
  #sequence: number;
  #readSequence: number;
  #released: number;

  /**
   * Opens a file that `prepareJournal` has made, and finds what was committed after `carried`, the last batch that is
   * in the lease file.
   */
  constructor(file: string, carried: number) {
    this.#file = new SyncedFile(file);
    this.#segmentBytes = halfOf(statSync(file).size);
    this.#sequence = carried;
    this.#readSequence = carried;
    this.#released = carried;
    this.#find(carried);
  }

  /** The last batch that is durable. */
  get sequence(): number {
    return this.#sequence;
  }

  /** True if there is room for a batch of so many bytes; false: more has to be released first. */
  hasRoomFor(bytes: number): boolean {
    if (this.#writeAt.offset + bytes <= this.#segmentBytes) return true;
    return bytes <= this.#segmentBytes && this.#isOtherFree;
  }

  /** True if the other half holds nothing but what was read and is not released yet. */
  get wantsRelease(): boolean {
    const last = this.#lastOf[1 - this.#writeAt.segment] ?? 0;
    return last > this.#released && last <= this.#readSequence;
  }

  /** True while the other half holds what is not released. */
  get isHalfFull(): boolean {
    return !this.#isOtherFree;
  }

  /** True while the other half holds what is not released, and this one is filling up. */
  get isFillingUp(): boolean {
    return !this.#isOtherFree && this.#writeAt.offset > this.#segmentBytes / 8;
  }

  /** Makes a batch durable. Throws what the disk says: then it is not there. There must be room. */
  append(batch: BatchWriter): void {
    const sequence = this.#sequence + 1;
    const bytes = batch.finish(sequence);
    if (bytes.length > this.#segmentBytes) throw new RangeError('more at once than the journal holds');
    if (this.#writeAt.offset + bytes.length > this.#segmentBytes) this.#turnOver();
    const { segment, offset } = this.#writeAt;
    this.#file.write(bytes, this.#position(this.#writeAt));
    this.#remember(bytes, segment, offset);
    this.#writeAt = { segment, offset: offset + bytes.length };
    if (offset === 0) this.#firstOf[segment] = sequence;
    this.#lastOf[segment] = sequence;
    this.#sequence = sequence;
  }

  /** The first piece that nobody has read; undefined: all is read. `read` says how far it is. */
  peek(): JournalPiece | undefined {
    this.#leaveReadHalf();
    const { segment, offset } = this.#readAt;
    const before = offset === 0 ? (this.#firstOf[segment] ?? 0) - 1 : this.#readSequence;
    return this.#pieceAt(this.#readAt, before);
  }

  /** The piece behind one that was looked at to its end, in the same half; undefined: there is none. */
  peekBehind({ end, sequence }: JournalPiece): JournalPiece | undefined {
    return this.#pieceAt(end, sequence);
  }

  /** Nobody will look again at what is in front of the end of a piece. */
  read({ end, sequence }: JournalPiece): void {
    this.#readAt = end;
    this.#readSequence = sequence;
  }

  /** All up to a batch is safe elsewhere, and may be written over. */
  release(sequence: number): void {
    this.#released = sequence;
  }

  close(): void {
    this.#file.close();
  }

  #pieceAt(place: Place, before: number): JournalPiece | undefined {
    const { segment, offset } = place;
    const last = this.#lastOf[segment] ?? 0;
    if (last === 0 || before >= last) return undefined;
    const end = segment === this.#writeAt.segment ? this.#writeAt.offset : this.#segmentBytes;
    return new JournalPiece(this.#bytes(place, this.#pieceBytes(place, end - offset)), place, before, last);
  }

  /** One batch at least is read whole, however long it is. */
  #pieceBytes(place: Place, most: number): number {
    if (most <= PIECE_BYTES) return most;
    const header = this.#bytes(place, BATCH_HEADER_BYTES);
    return Math.min(most, Math.max(PIECE_BYTES, batchBytesAt(new DataView(header.buffer), 0)));
  }

  #turnOver(): void {
    if (!this.#isOtherFree) throw new Error('the journal is full');
    this.#leaveReadHalf();
    const segment = 1 - this.#writeAt.segment;
    this.#writeAt = { segment, offset: 0 };
    this.#lastOf[segment] = 0;
    const start = this.#position(this.#writeAt);
    if (this.#recentFrom < start || this.#recentFrom >= start + this.#segmentBytes) return;
    this.#recentFrom = start;
    this.#recentBytes = 0;
  }

  get #isOtherFree(): boolean {
    return (this.#lastOf[1 - this.#writeAt.segment] ?? 0) <= this.#released;
  }

  /** Reading goes on in the half that is written when all of the other one is read. */
  #leaveReadHalf(): void {
    const { segment } = this.#readAt;
    const isRead = this.#readSequence >= (this.#lastOf[segment] ?? 0);
    if (segment !== this.#writeAt.segment && isRead)
      this.#readAt = { segment: this.#writeAt.segment, offset: 0 };
  }

  /** Reads both halves: where each one's run of batches ends, and where the first one that is not carried begins. */
  #find(carried: number): void {
    const runs = [0, 1].map((segment) => this.#runOf(segment, carried));
    for (const [segment, run] of runs.entries()) {
      this.#firstOf[segment] = run.first;
      this.#lastOf[segment] = run.last;
    }
    const newest = (runs[1]?.last ?? 0) > (runs[0]?.last ?? 0) ? 1 : 0;
    const run = runs[newest];
    if (run === undefined || run.last <= carried) {
      // Nothing is to be carried over: begin anew.
      this.#lastOf.fill(0);
      return;
    }
    this.#sequence = run.last;
    this.#writeAt = { segment: newest, offset: run.end };
    const other = runs[1 - newest];
    const isInOther = other !== undefined && other.uncarried !== undefined;
    this.#readAt = isInOther
      ? { segment: 1 - newest, offset: other.uncarried ?? 0 }
      : { segment: newest, offset: run.uncarried ?? 0 };
  }

  /** Most often a half holds little or nothing, and the start waits for this: it is read whole only if it is full. */
  #runOf(segment: number, carried: number): Run {
    const position = this.#position({ segment, offset: 0 });
    for (let length = Math.min(FIRST_BYTES, this.#segmentBytes); ; length = this.#segmentBytes) {
      const bytes = this.#file.read(position, length);
      const run = runIn(bytes, carried);
      if (length === this.#segmentBytes || isRunWhole(bytes, run)) return run;
    }
  }

  /** From memory, if all of it is there. */
  #bytes(place: Place, length: number): Uint8Array<ArrayBuffer> {
    const position = this.#position(place);
    const from = position - this.#recentFrom;
    if (from >= 0 && from + length <= this.#recentBytes) return this.#recent.slice(from, from + length);
    return this.#file.read(position, length);
  }

  /** Keeps in memory what is to be read next, as far as there is room; the rest is read from the disk. */
  #remember(bytes: Uint8Array, segment: number, offset: number): void {
    const position = this.#position({ segment, offset });
    if (this.#readSequence === this.#sequence) {
      this.#recentFrom = position;
      this.#recentBytes = 0;
    }
    const isNext = this.#recentFrom + this.#recentBytes === position;
    if (!isNext || this.#recentBytes + bytes.length > this.#recent.length) return;
    this.#recent.set(bytes, this.#recentBytes);
    this.#recentBytes += bytes.length;
  }

  #position({ segment, offset }: Place): number {
    return FILE_HEADER_BYTES + segment * this.#segmentBytes + offset;
  }
}
