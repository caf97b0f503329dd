import { codeOf } from '../../../errors.ts';
import { BatchReader, type JournalPosition } from './batch-reader.ts';
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
import { type BatchExtent, type Recovered, recover } from './journal-recovery.ts';
import { SyncedFile } from './synced-file.ts';

/** Bytes that one reader gets, if no single batch is longer. */
const READER_BYTES = 1024 * 1024;
const PAGE_BYTES = 4096;
/** Bytes of the newest batches that are kept in memory. The others are read from the disk. */
const RECENT_BYTES = 1024 * 1024;

export interface JournalOptions {
  /** The sequence of the last batch that is in the lease file; undefined: the file does not know. */
  readonly applied: number | undefined;
  /** The id of the lease file. */
  readonly fileId: string;
  /** A whole number above 0 that no other run of the program draws. */
  readonly run: number;
  /** True: it was made just now, so it need not be read to find batches in it. */
  readonly isNew?: boolean;
}

/**
 * The write-ahead journal of a lease file: batches in the order of their commits, each durable when `append` returns. The
 * file has a fixed size and is written over, so a commit is one small write through to the disk (O_DSYNC), without the file
 * system's own journal. It has two halves. One is written while the batches of the other are applied to the lease file; a half
 * is begun anew when all its batches are safe in the lease file. `JournalGrowth` puts a larger file in the place of a small one.
 *
 * Like SQLite's own log it relies on a write leaving the bytes beside it alone (https://www.sqlite.org/psow.html).
 */
export class Journal {
  /** What was found when it was opened. */
  readonly found: Omit<Recovered, 'extents' | 'writeAt'>;
  /** The number that this run of the program has drawn. */
  readonly run: number;
  /** Bytes of a half: no batch may be longer. */
  readonly halfBytes: number;
  readonly #name: string;
  readonly #file: SyncedFile;
  readonly #fileId: string;
  #format: BatchFormat;
  /** The sequence with which this run began to write this file. */
  readonly #runStart: number;
  /** Records that this run has written into this file. */
  #records = 0;
  /** By half: the last batch that may not be written over; 0: none. */
  readonly #lastOf = [0, 0];
  /** The batches that nobody has read yet, in the order of the commits. */
  readonly #unread: BatchExtent[];
  #writeAt: JournalPosition = { half: 0, offset: 0 };
  #readAt: JournalPosition = { half: 0, offset: 0 };
  /** The newest batches, and the position in the file where they begin. */
  readonly #recent = new Uint8Array(RECENT_BYTES);
  #recentFrom = 0;
  #recentBytes = 0;
  /** Sequences of the last batch that was written, read, and released. */
  #sequence: number;
  #readSequence: number;
  #released: number;

  /**
   * Opens a file that `prepareJournal` or `writeJournal` has made, and finds the batches behind `applied`.
   *
   * @throws Error of the file system; or if the file has no header.
   */
  constructor(file: string, { applied, fileId, run, isNew = false }: JournalOptions) {
    const header = readHeader(file);
    if (header === undefined) throw new Error('the journal has no header');
    this.#name = file;
    this.#file = new SyncedFile(file);
    this.halfBytes = header.halfBytes;
    this.#fileId = fileId;
    this.#format = formatOf(fileId, header.isOld);
    this.run = run;
    const halves = isNew ? [] : [0, 1].map((half) => this.#half(half));
    const { extents, writeAt, ...found } = recover(halves, applied, this.#format);
    this.found = found;
    this.#unread = [...extents];
    for (const { half, last } of extents) this.#lastOf[half] = Math.max(this.#lastOf[half] ?? 0, last);
    this.#writeAt = writeAt;
    this.#sequence = found.newest;
    this.#runStart = found.newest + 1;
    this.#readSequence = applied ?? 0;
    this.#released = applied ?? 0;
  }

  /** The sequence of the last batch that is durable. */
  get sequence(): number {
    return this.#sequence;
  }

  /** The part of it that may not be written over yet: 0 to 1. */
  get fill(): number {
    const { half, offset } = this.#writeAt;
    const own = (this.#lastOf[half] ?? 0) > this.#released ? offset : 0;
    return (own + (this.#isOtherFree ? 0 : this.halfBytes)) / (2 * this.halfBytes);
  }

  /** True if a batch of this many bytes has room. False: `release` more first. */
  hasRoomFor(bytes: number): boolean {
    if (this.#writeAt.offset + bytes <= this.halfBytes) return true;
    return bytes <= this.halfBytes && this.#isOtherFree;
  }

  /** True if the other half could be released: every batch in it has been read. */
  get wantsRelease(): boolean {
    const last = this.#lastOf[1 - this.#writeAt.half] ?? 0;
    return last > this.#released && last <= this.#readSequence;
  }

  /** True while the other half has batches that are not released. */
  get isOtherHalfInUse(): boolean {
    return !this.#isOtherFree;
  }

  /** True while the other half is in use and an eighth of this one is written. */
  get isFillingUp(): boolean {
    return !this.#isOtherFree && this.#writeAt.offset > this.halfBytes / 8;
  }

  /**
   * Begins to write. Call it once all that was found is safe in the lease file. It brings an older format up to date, and
   * writes over damaged bytes, so that the next start does not find them again.
   *
   * @throws Error of the file system.
   */
  begin(): void {
    if (this.#format.isOld) {
      bringJournalUpToDate(this.#name);
      this.#format = formatOf(this.#fileId, false);
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

  /**
   * Makes a batch durable. Ask `hasRoomFor` first.
   *
   * @throws Error of the disk: then the batch is not in the journal.
   */
  append(batch: BatchWriter): void {
    const sequence = this.#sequence + 1;
    const { seed } = this.#format;
    const { run } = this;
    const bytes = batch.finish({
      seed,
      run,
      runStart: this.#runStart,
      sequence,
      recordsBefore: this.#records,
    });
    if (bytes.length > this.halfBytes) throw new RangeError('more at once than the journal holds');
    if (this.#writeAt.offset + bytes.length > this.halfBytes) this.#switchHalves();
    const { half, offset } = this.#writeAt;
    this.#file.write(bytes, this.#filePosition(this.#writeAt));
    this.#keepRecent(bytes, half, offset);
    const end = offset + bytes.length;
    this.#writeAt = { half, offset: end };
    this.#extend(half, offset, end, sequence);
    this.#lastOf[half] = sequence;
    this.#sequence = sequence;
    this.#records += batch.records;
  }

  /** A reader of the first batches that are not marked as read; undefined: all are. */
  firstUnread(): BatchReader | undefined {
    this.#dropRead();
    const [next] = this.#unread;
    return next === undefined ? undefined : this.#readerOf(next, this.#readSequence, this.#readAt);
  }

  /** A reader of the batches behind those of a reader that is at its end, without a gap; undefined: there are none. */
  nextAfter({ end, sequence }: BatchReader): BatchReader | undefined {
    const extent = this.#unread.find(({ first, last }) => first <= sequence && sequence < last);
    return extent === undefined ? undefined : this.#readerOf(extent, sequence, end);
  }

  /** Marks all batches up to where a reader is as read: `firstUnread` begins behind them. */
  markRead({ end, sequence }: BatchReader): void {
    this.#readAt = end;
    this.#readSequence = sequence;
  }

  /** Lets all batches up to this sequence be written over. They must be safe in the lease file. */
  release(sequence: number): void {
    this.#released = sequence;
  }

  close(): void {
    this.#file.close();
  }

  /** Reads an extent from behind the batch `sequence`, if that is in it, else from its start. */
  #readerOf(extent: BatchExtent, sequence: number, behind: JournalPosition): BatchReader {
    const isInside = extent.first <= sequence;
    const start = isInside ? behind : { half: extent.half, offset: extent.offset };
    const bytes = this.#bytes(start, this.#readerBytes(start, extent.end - start.offset));
    const before = isInside ? sequence : extent.first - 1;
    return new BatchReader(bytes, { start, before, last: extent.last, format: this.#format });
  }

  /** A reader gets at least one whole batch, however long that is. */
  #readerBytes(start: JournalPosition, most: number): number {
    if (most <= READER_BYTES) return most;
    const header = this.#bytes(start, BATCH_HEADER_BYTES);
    return Math.min(most, Math.max(READER_BYTES, batchBytesAt(new DataView(header.buffer), 0, this.#format)));
  }

  #switchHalves(): void {
    if (!this.#isOtherFree) throw new Error('the journal is full');
    const half = 1 - this.#writeAt.half;
    this.#writeAt = { half, offset: 0 };
    this.#lastOf[half] = 0;
    const start = this.#filePosition(this.#writeAt);
    if (this.#recentFrom < start || this.#recentFrom >= start + this.halfBytes) return;
    this.#recentFrom = start;
    this.#recentBytes = 0;
  }

  get #isOtherFree(): boolean {
    return (this.#lastOf[1 - this.#writeAt.half] ?? 0) <= this.#released;
  }

  #extend(half: number, offset: number, end: number, sequence: number): void {
    this.#dropRead();
    const last = this.#unread.at(-1);
    const goesOn = last?.half === half && last.end === offset && last.last + 1 === sequence;
    if (goesOn) Object.assign(last, { last: sequence, end });
    else this.#unread.push({ half, offset, first: sequence, last: sequence, end });
  }

  #dropRead(): void {
    while ((this.#unread[0]?.last ?? Number.POSITIVE_INFINITY) <= this.#readSequence) this.#unread.shift();
  }

  /** A page that the disk cannot read counts as zeros. */
  #half(half: number): JournalHalf {
    return new JournalHalf(this.halfBytes, (into, offset) => {
      const position = this.#filePosition({ half, offset });
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

  /** From memory, if all of it is there; else from the disk. */
  #bytes(start: JournalPosition, length: number): Uint8Array<ArrayBuffer> {
    const position = this.#filePosition(start);
    const from = position - this.#recentFrom;
    if (from >= 0 && from + length <= this.#recentBytes) return this.#recent.slice(from, from + length);
    return this.#file.read(position, length);
  }

  /** Keeps in memory what is read next, while there is room. */
  #keepRecent(bytes: Uint8Array, half: number, offset: number): void {
    const position = this.#filePosition({ half, offset });
    if (this.#readSequence === this.#sequence) {
      this.#recentFrom = position;
      this.#recentBytes = 0;
    }
    const isNext = this.#recentFrom + this.#recentBytes === position;
    if (!isNext || this.#recentBytes + bytes.length > this.#recent.length) return;
    this.#recent.set(bytes, this.#recentBytes);
    this.#recentBytes += bytes.length;
  }

  #filePosition({ half, offset }: JournalPosition): number {
    return FILE_HEADER_BYTES + half * this.halfBytes + offset;
  }
}
