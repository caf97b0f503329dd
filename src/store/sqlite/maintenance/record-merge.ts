import type { Ipv4 } from '../../../net/ipv4.ts';
import type { BatchReader } from '../journal/batch-reader.ts';
import { visitRecords } from '../journal/journal-batch.ts';
import {
  decodeRecord,
  eventAt,
  eventIdAt,
  hasEventAt,
  type JournalRecord,
  readAddress,
} from '../journal/journal-record.ts';

/** An address and the number of a record within a merge fit into one exact number, which sorts by both. */
const NUMBERS = 2 ** 20;

/** In place of a record's offset. */
const FOLDED = -1;

/** The records of one reader: by address, and those with a row of the history in the order of the commits. */
class SortedRecords {
  readonly reader: BatchReader;
  /** The number of its first record in the merge. */
  readonly #first: number;
  /** The offset of each record. */
  readonly #offsets: number[] = [];
  /** The offset of each record that adds a row to the history. FOLDED: the same reader has the end of that row. */
  readonly #events: number[] = [];
  /** The index in `#events` of each release, by the id of its row. */
  readonly #released = new Map<number, number>();
  /** The offsets of records whose row of the history begins and ends in this reader. */
  readonly #folded = new Set<number>();
  #found: number[] = [];
  /** address * NUMBERS + the record's number, sorted: by address, and those of one address in their order. */
  #sorted = new Float64Array(0);
  nextRow = 0;
  nextEvent = 0;

  constructor(reader: BatchReader, first: number) {
    this.reader = reader;
    this.#first = first;
  }

  get records(): number {
    return this.#offsets.length;
  }

  /**
   * Reads the next batch. False: there was none, and the records are sorted now.
   *
   * @throws Error if the journal cannot be read.
   */
  readBatch(): boolean {
    const { view } = this.reader;
    const batch = this.reader.next();
    if (batch === undefined) {
      this.#sorted = Float64Array.from(this.#found).sort();
      this.#found = [];
      return false;
    }
    visitRecords(view, batch, (offset) => {
      this.#found.push(readAddress(view, offset) * NUMBERS + this.#first + this.#offsets.length);
      if (hasEventAt(view, offset)) this.#addEvent(offset);
      this.#offsets.push(offset);
    });
    return true;
  }

  #addEvent(offset: number): void {
    const { view } = this.reader;
    const event = eventAt(view, offset);
    const id = eventIdAt(view, offset);
    const release = event === 'returned' ? this.#released.get(id) : undefined;
    if (release !== undefined) {
      this.#folded.add(this.#events[release] ?? 0).add(offset);
      this.#released.delete(id);
      this.#events[release] = FOLDED;
      return;
    }
    if (event === 'released') this.#released.set(id, this.#events.length);
    this.#events.push(offset);
  }

  /** What its next record sorts by; Infinity: there is none. */
  get head(): number {
    return this.#sorted[this.nextRow] ?? Number.POSITIVE_INFINITY;
  }

  row(): JournalRecord {
    const offset = this.#offsets[(this.head % NUMBERS) - this.#first] ?? 0;
    this.nextRow += 1;
    const record = decodeRecord(this.reader.bytes, this.reader.view, offset);
    return this.#folded.has(offset) ? { ...record, event: undefined } : record;
  }

  /** The next record with a row of the history; undefined: there is none. */
  event(): JournalRecord | undefined {
    while (this.#events[this.nextEvent] === FOLDED) this.nextEvent += 1;
    const offset = this.#events[this.nextEvent];
    if (offset === undefined) return undefined;
    this.nextEvent += 1;
    return decodeRecord(this.reader.bytes, this.reader.view, offset);
  }
}

/**
 * The records of several readers, merged by address. They are applied to the lease file together: the more records, the
 * more of them share a page.
 */
export class RecordMerge {
  readonly #sources: SortedRecords[] = [];
  /** The `head` of each source. */
  readonly #heads: number[] = [];
  #records = 0;

  get records(): number {
    return this.#records;
  }

  /** The reader that was added last. */
  get last(): BatchReader | undefined {
    return this.#sources.at(-1)?.reader;
  }

  /** Adds a reader. Those before it must have been read to their end. */
  add(reader: BatchReader): void {
    this.#sources.push(new SortedRecords(reader, this.#records));
  }

  /**
   * Reads the next batch of the last reader. False: there was none.
   *
   * @throws Error if the journal cannot be read.
   */
  readBatch(): boolean {
    const source = this.#sources.at(-1);
    if (source === undefined) return false;
    const before = source.records;
    const isThere = source.readBatch();
    this.#records += source.records - before;
    if (!isThere) this.#heads[this.#sources.length - 1] = source.head;
    return isThere;
  }

  /** Drops the last reader if nothing was found in it. False: no other is left. */
  dropEmpty(): boolean {
    if (this.#sources.at(-1)?.records === 0) this.#sources.pop();
    return this.#sources.length > 0;
  }

  /** The next record, by address; those of one address in the order of their commits. Undefined: there is none. */
  row(): JournalRecord | undefined {
    const index = this.#first();
    const source = this.#sources[index];
    if (source === undefined) return undefined;
    const record = source.row();
    this.#heads[index] = source.head;
    return record;
  }

  /** The address of the record that `row` returns next; undefined: there is none. */
  get nextAddress(): Ipv4 | undefined {
    const head = this.#heads[this.#first()];
    return head === undefined ? undefined : (Math.floor(head / NUMBERS) as Ipv4);
  }

  /** The index of the source with the smallest head; -1: all are at their end. */
  #first(): number {
    const heads = this.#heads;
    let index = -1;
    let least = Number.POSITIVE_INFINITY;
    for (let at = 0; at < heads.length; at += 1) {
      const head = heads[at] ?? least;
      if (head >= least) continue;
      least = head;
      index = at;
    }
    return index;
  }

  /** The next record with a row of the history, in the order of the commits. Undefined: there is none. */
  event(): JournalRecord | undefined {
    for (const source of this.#sources) {
      const record = source.event();
      if (record !== undefined) return record;
    }
    return undefined;
  }

  /** Returns a function that takes the merge back to where it is now. */
  mark(): () => void {
    const marks = this.#sources.map((source) => ({ source, row: source.nextRow, event: source.nextEvent }));
    return () => {
      for (const [index, { source, row, event }] of marks.entries()) {
        source.nextRow = row;
        source.nextEvent = event;
        this.#heads[index] = source.head;
      }
    };
  }
}
