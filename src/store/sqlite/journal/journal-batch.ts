import { crc32 } from 'node:zlib';
import { bytesOf, encodeRecord, type JournalRecord, lengthAt } from './journal-record.ts';

/** FORMAT.md has the layout. */
export const BATCH_HEADER_BYTES = 48;
const MAGIC = 0x334a4756;
/** The magic as it stands in the file. */
export const MAGIC_BYTES: Uint8Array = Uint8Array.of(0x56, 0x47, 0x4a, 0x33);
/** Formats 1 and 2: the header is the same up to the sequence, and ends there. */
const OLD_HEADER_BYTES = 24;
const OLD_MAGIC = 0x314a4756;
/** The offset of the first byte that the checksum covers. */
const CHECKED_FROM = 12;
/** Room for a batch at first; it grows. */
const FIRST_BYTES = 64 * 1024;

/** How the batches of one journal are read. */
export interface BatchFormat {
  /** True for formats 1 and 2, whose batches name neither their lease file nor the run that wrote them. */
  readonly isOld: boolean;
  /** The initial value of the checksums, so that batches of another lease file fail them. */
  readonly seed: number;
}

export function formatOf(fileId: string, isOld: boolean): BatchFormat {
  return { isOld, seed: isOld ? 0 : crc32(fileId) };
}

/** What the header of a batch says of it, beside its length and its count of records. */
export interface BatchHeader {
  /** The initial value of the checksum. */
  readonly seed: number;
  /** A number that each run of the program draws at random. */
  readonly run: number;
  /** The sequence of the first batch of that run. */
  readonly runStart: number;
  readonly sequence: number;
  /** Records that the run has written in front of this batch. */
  readonly recordsBefore: number;
}

/** Encodes the records of one commit as one batch: a header and the records. */
export class BatchWriter {
  #bytes = new Uint8Array(FIRST_BYTES);
  #view = new DataView(this.#bytes.buffer);
  #end = BATCH_HEADER_BYTES;
  #records = 0;

  get records(): number {
    return this.#records;
  }

  /** Bytes of the whole batch. */
  get bytes(): number {
    return this.#end;
  }

  begin(): void {
    this.#end = BATCH_HEADER_BYTES;
    this.#records = 0;
  }

  add(record: JournalRecord): void {
    const needed = this.#end + bytesOf(record);
    if (needed > this.#bytes.length) this.#grow(needed);
    this.#end = encodeRecord(record, this.#bytes, this.#view, this.#end);
    this.#records += 1;
  }

  /** The whole batch; valid until the next `begin`. */
  finish({ seed, run, runStart, sequence, recordsBefore }: BatchHeader): Uint8Array {
    this.#view.setUint32(0, MAGIC, true);
    this.#view.setUint32(4, this.#end - BATCH_HEADER_BYTES, true);
    this.#view.setUint32(12, this.#records, true);
    this.#view.setFloat64(16, sequence, true);
    this.#view.setFloat64(24, run, true);
    this.#view.setFloat64(32, runStart, true);
    this.#view.setFloat64(40, recordsBefore, true);
    const batch = this.#bytes.subarray(0, this.#end);
    this.#view.setUint32(8, crc32(batch.subarray(CHECKED_FROM), seed), true);
    return batch;
  }

  #grow(needed: number): void {
    const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(0, this.#end));
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}

/** The bytes of a whole batch, by the header at an offset. There need not be a batch at that offset. */
export function batchBytesAt(view: DataView, offset: number, { isOld }: BatchFormat): number {
  return (isOld ? OLD_HEADER_BYTES : BATCH_HEADER_BYTES) + view.getUint32(offset + 4, true);
}

/** One whole batch that was read. */
export interface JournalBatch extends Omit<BatchHeader, 'seed'> {
  readonly records: number;
  /** The offset of its first record, and the offset behind the batch. */
  readonly body: number;
  readonly end: number;
}

/** The fields of a header at an offset, unchecked; undefined: the view ends before. */
export function headerAt(view: DataView, offset: number) {
  if (offset + BATCH_HEADER_BYTES > view.byteLength) return undefined;
  return {
    hasMagic: view.getUint32(offset, true) === MAGIC,
    sequence: view.getFloat64(offset + 16, true),
    run: view.getFloat64(offset + 24, true),
    runStart: view.getFloat64(offset + 32, true),
  };
}

/** The batch that begins at an offset; undefined: no whole batch begins there. */
export function batchAt(
  bytes: Uint8Array,
  view: DataView,
  offset: number,
  format: BatchFormat,
): JournalBatch | undefined {
  const { isOld, seed } = format;
  const body = offset + (isOld ? OLD_HEADER_BYTES : BATCH_HEADER_BYTES);
  if (body > bytes.length || view.getUint32(offset, true) !== (isOld ? OLD_MAGIC : MAGIC)) return undefined;
  const end = offset + batchBytesAt(view, offset, format);
  if (end > bytes.length) return undefined;
  const checked = bytes.subarray(offset + CHECKED_FROM, end);
  if (crc32(checked, seed) !== view.getUint32(offset + 8, true)) return undefined;
  return {
    records: view.getUint32(offset + 12, true),
    sequence: view.getFloat64(offset + 16, true),
    run: isOld ? 0 : view.getFloat64(offset + 24, true),
    runStart: isOld ? 0 : view.getFloat64(offset + 32, true),
    recordsBefore: isOld ? 0 : view.getFloat64(offset + 40, true),
    body,
    end,
  };
}

/** Calls `visit` with the offset of each record of a batch, in the order in which they were added. */
export function visitRecords(
  view: DataView,
  { body, end }: JournalBatch,
  visit: (offset: number) => void,
): void {
  for (let offset = body; offset < end; offset += lengthAt(view, offset)) visit(offset);
}
