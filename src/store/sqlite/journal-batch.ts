import { crc32 } from 'node:zlib';
import { bytesOf, encodeRecord, type JournalRecord, lengthAt } from './journal-record.ts';

/** Little-endian: magic, length of the body in bytes, CRC-32 of all behind it (u32 each), records (u32), sequence (f64). */
export const BATCH_HEADER_BYTES = 24;
const MAGIC = 0x314a4756;
/** Room at first; a batch of many changes makes more. */
const FIRST_BYTES = 64 * 1024;

/** The records of one commit, as they are written at once: a header and a body. */
export class BatchWriter {
  #bytes = new Uint8Array(FIRST_BYTES);
  #view = new DataView(this.#bytes.buffer);
  #end = BATCH_HEADER_BYTES;
  #records = 0;

  get records(): number {
    return this.#records;
  }

  /** Of the whole batch. */
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
  finish(sequence: number): Uint8Array {
    this.#view.setUint32(0, MAGIC, true);
    this.#view.setUint32(4, this.#end - BATCH_HEADER_BYTES, true);
    this.#view.setUint32(12, this.#records, true);
    this.#view.setFloat64(16, sequence, true);
    const batch = this.#bytes.subarray(0, this.#end);
    this.#view.setUint32(8, crc32(batch.subarray(12)), true);
    return batch;
  }

  #grow(needed: number): void {
    const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(0, this.#end));
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}

/** How long the batch whose header stands at an offset says that it is, whole; there may be none. */
export function batchBytesAt(view: DataView, offset: number): number {
  return BATCH_HEADER_BYTES + view.getUint32(offset + 4, true);
}

/** One whole batch in a piece of the journal. */
export interface BatchPlace {
  readonly sequence: number;
  readonly records: number;
  /** Where its first record begins, and where the batch ends. */
  readonly body: number;
  readonly end: number;
}

/** The batch that begins at an offset; undefined: there is none, or not the whole of one. */
export function batchAt(bytes: Uint8Array, view: DataView, offset: number): BatchPlace | undefined {
  const body = offset + BATCH_HEADER_BYTES;
  if (body > bytes.length || view.getUint32(offset, true) !== MAGIC) return undefined;
  const end = body + view.getUint32(offset + 4, true);
  if (end > bytes.length) return undefined;
  if (crc32(bytes.subarray(offset + 12, end)) !== view.getUint32(offset + 8, true)) return undefined;
  return {
    sequence: view.getFloat64(offset + 16, true),
    records: view.getUint32(offset + 12, true),
    body,
    end,
  };
}

/** Calls `visit` with the offset of each record of a batch, in their order. */
export function visitRecords(
  view: DataView,
  { body, end }: BatchPlace,
  visit: (offset: number) => void,
): void {
  for (let offset = body; offset < end; offset += lengthAt(view, offset)) visit(offset);
}

/** What a half of the journal holds. */
export interface Run {
  /** The first and the last batch; 0: there is none. */
  readonly first: number;
  readonly last: number;
  /** Where the last one ends. */
  readonly end: number;
  /** Where the first batch begins that is not carried over; undefined: there is none. */
  readonly uncarried: number | undefined;
}

/** A run ends with the first thing that is not the next batch: what was not finished, or what was written over. */
export function runIn(bytes: Uint8Array<ArrayBuffer>, carried: number): Run {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let first = 0;
  let last = 0;
  let end = 0;
  let uncarried: number | undefined;
  for (let batch = batchAt(bytes, view, 0); batch !== undefined; batch = batchAt(bytes, view, end)) {
    if (last !== 0 && batch.sequence !== last + 1) break;
    last = batch.sequence;
    if (first === 0) first = last;
    if (last > carried) uncarried ??= end;
    end = batch.end;
  }
  return { first, last, end, uncarried };
}

/** False: a batch may begin where the run ends that reaches beyond these bytes, which are the first of a half. */
export function isRunWhole(bytes: Uint8Array<ArrayBuffer>, { end }: Run): boolean {
  if (end + BATCH_HEADER_BYTES > bytes.length) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return view.getUint32(end, true) !== MAGIC || end + batchBytesAt(view, end) <= bytes.length;
}
