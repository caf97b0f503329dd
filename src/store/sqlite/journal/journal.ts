import { codeOf } from '../disk/error-code.ts';
import {
  BATCH_HEADER_BYTES,
  type BatchFormat,
  BatchWriter,
  batchBytesAt,
  formatOf,
} from './journal-batch.ts';
import { bringJournalUpToDate } from './journal-file.ts';
import { JournalHalf } from './journal-half.ts';
import { FILE_HEADER_BYTES, readHeader } from './journal-header.ts';
import { JournalPiece, type Place } from './journal-piece.ts';
import { type Recovered, recover, type Stretch } from './journal-recovery.ts';
import { SyncedFile } from './synced-file.ts';

/** More than a piece holds is read in several. */
const PIECE_BYTES = 1024 * 1024;
const PAGE_BYTES = 4096;
/** So much of what was written is kept in memory; what is more is read from the disk. */
const RECENT_BYTES = 1024 * 1024;

export interface JournalIdentity {
  readonly carried: number | undefined;
  readonly birth: string;
  readonly run: number;
}

/**
 * What was committed and is perhaps not in the lease file yet: batches in the order of their commits, each durable when
 * `append` returns. The file has its whole size from the start and is written over, so that a commit is one small
 * write that goes through to the disk (O_DSYNC), without the file system's own journal. It has two halves; one is
 * written while the other is being carried over, and is begun anew when all in it is safe in the lease file.
 *
 * Like SQLite's own log it relies on a write leaving the bytes beside it alone (https://www.sqlite.org/psow.html).
 */
export class Journal {
  /** What was found when it was opened. */
  readonly found: Omit<Recovered, 'stretches' | 'writeAt'>;
  readonly #name: string;
  readonly #file: SyncedFile;
  readonly #birth: string;
  #format: BatchFormat;
  /** The number that this run of the program has drawn. */
  readonly run: number;
  #began: number;
  /** Of this run. */
  #records = 0;
  /** Of a half: a segment. */
  readonly #segmentBytes: number;
  /** The last batch in each half that nobody may write over; 0: none. */
  readonly #lastOf = [0, 0];
  /** What is not read yet, in the order of the commits. */
  readonly #unread: Stretch[];
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
   * in the lease file. `run`: a whole number above 0 that no other run of the program draws.
   */
  constructor(file: string, { carried, birth, run }: JournalIdentity) {
    const header = readHeader(file);
    if (header === undefined) throw new Error('the journal has no header');
    this.#name = file;
    this.#file = new SyncedFile(file);
    this.#segmentBytes = header.half;
    this.#birth = birth;
    this.#format = formatOf(birth, header.isOld);
    this.run = run;
    const halves = [0, 1].map((segment) => this.#half(segment));
    const { stretches, writeAt, ...found } = recover(halves, carried, this.#format);
    this.found = found;
    this.#unread = [...stretches];
    for (const { segment, last } of stretches)
      this.#lastOf[segment] = Math.max(this.#lastOf[segment] ?? 0, last);
    this.#writeAt = writeAt;
    this.#sequence = found.newest;
    this.#began = found.newest + 1;
    this.#readSequence = carried ?? 0;
    this.#released = carried ?? 0;
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

  /**
   * Begins to write once all that was found is safe in the lease file: in today's format, and over whatever was damaged,
   * so that the next start does not find it again. Throws what the file system says.
   */
  begin(): void {
    if (this.#format.isOld) {
      bringJournalUpToDate(this.#name);
      this.#format = formatOf(this.#birth, false);
    }
    const { losses, unfinished } = this.found;
    if (losses.length === 0 && unfinished === undefined) return;
    const nothing = new BatchWriter();
    try {
      this.append(nothing);
    } catch {
      // The disk takes nothing now: the store will say so, and the next start finds the damage again.
    }
  }

  /** Makes a batch durable. Throws what the disk says: then it is not there. There must be room. */
  append(batch: BatchWriter): void {
    const sequence = this.#sequence + 1;
    const { seed } = this.#format;
    const stamp = { seed, run: this.run, began: this.#began, sequence, recordsBefore: this.#records };
    const bytes = batch.finish(stamp);
    if (bytes.length > this.#segmentBytes) throw new RangeError('more at once than the journal holds');
    if (this.#writeAt.offset + bytes.length > this.#segmentBytes) this.#turnOver();
    const { segment, offset } = this.#writeAt;
    this.#file.write(bytes, this.#position(this.#writeAt));
    this.#remember(bytes, segment, offset);
    const end = offset + bytes.length;
    this.#writeAt = { segment, offset: end };
    this.#extend(segment, offset, end, sequence);
    this.#lastOf[segment] = sequence;
    this.#sequence = sequence;
    this.#records += batch.records;
  }

  /** The first piece that nobody has read; undefined: all is read. `read` says how far it is. */
  peek(): JournalPiece | undefined {
    this.#leaveRead();
    const [next] = this.#unread;
    return next === undefined ? undefined : this.#pieceOf(next, this.#readSequence, this.#readAt);
  }

  /** The piece behind one that was looked at to its end, without a gap; undefined: there is none. */
  peekBehind({ end, sequence }: JournalPiece): JournalPiece | undefined {
    const stretch = this.#unread.find(({ first, last }) => first <= sequence && sequence < last);
    return stretch === undefined ? undefined : this.#pieceOf(stretch, sequence, end);
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

  /** From behind a batch if that is in it, else from its start. */
  #pieceOf(stretch: Stretch, sequence: number, behind: Place): JournalPiece | undefined {
    const isInside = stretch.first <= sequence;
    const start = isInside ? behind : { segment: stretch.segment, offset: stretch.offset };
    const bytes = this.#bytes(start, this.#pieceBytes(start, stretch.end - start.offset));
    const before = isInside ? sequence : stretch.first - 1;
    return new JournalPiece(bytes, { start, before, last: stretch.last, format: this.#format });
  }

  /** One batch at least is read whole, however long it is. */
  #pieceBytes(place: Place, most: number): number {
    if (most <= PIECE_BYTES) return most;
    const header = this.#bytes(place, BATCH_HEADER_BYTES);
    return Math.min(most, Math.max(PIECE_BYTES, batchBytesAt(new DataView(header.buffer), 0, this.#format)));
  }

  #turnOver(): void {
    if (!this.#isOtherFree) throw new Error('the journal is full');
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

  #extend(segment: number, offset: number, end: number, sequence: number): void {
    this.#leaveRead();
    const last = this.#unread.at(-1);
    const goesOn = last?.segment === segment && last.end === offset && last.last + 1 === sequence;
    if (goesOn) Object.assign(last, { last: sequence, end });
    else this.#unread.push({ segment, offset, first: sequence, last: sequence, end });
  }

  #leaveRead(): void {
    while ((this.#unread[0]?.last ?? Number.POSITIVE_INFINITY) <= this.#readSequence) this.#unread.shift();
  }

  /** What cannot be read is as if it were empty. */
  #half(segment: number): JournalHalf {
    return new JournalHalf(this.#segmentBytes, (into, offset) => {
      const position = this.#position({ segment, offset });
      if (this.#canRead(into, position)) return;
      into.fill(0);
      for (let at = 0; at < into.length; at += PAGE_BYTES)
        this.#canRead(into.subarray(at, at + PAGE_BYTES), position + at);
    });
  }

  /** False: the disk cannot read it. */
  #canRead(into: Uint8Array, position: number): boolean {
    try {
      this.#file.readInto(into, position);
      return true;
    } catch (error) {
      if (codeOf(error) !== 'EIO') throw error;
      return false;
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
