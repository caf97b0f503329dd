import type { Retention } from '../history/retention.ts';
import type { BatchReader } from '../journal/batch-reader.ts';
import type { Journal } from '../journal/journal.ts';
import type { JournalRecord } from '../journal/journal-record.ts';
import type { Writer } from '../tables/writer.ts';
import { RecordMerge } from './record-merge.ts';

/** Rows of both tables that one step writes, in one transaction of the packets' thread: about a millisecond. */
const STEP_ROWS = 128;
/** Records that one step reads from the journal: about a millisecond. */
const STEP_RECORDS = 1024;
/** A merge with this many records gets no other reader. */
const MERGE_RECORDS = 2 ** 17;

/**
 * Applies the journal to the lease file in small transactions: first the rows of a merge by address, since neighbours share
 * a page, then their history. A merge counts as applied when all of it is. One that was interrupted is applied again, which
 * changes nothing.
 */
export class JournalApplier {
  readonly #journal: Journal;
  readonly #writer: Writer;
  readonly #retention: Retention;
  /** The next merge, while its records are being read. */
  #reading: RecordMerge | undefined;
  /** The merge that is being written. */
  #writing: RecordMerge | undefined;
  #applied: number;
  #records = 0;

  constructor(journal: Journal, writer: Writer, retention: Retention, applied: number) {
    this.#journal = journal;
    this.#writer = writer;
    this.#retention = retention;
    this.#applied = applied;
  }

  /** False: the journal has batches that are not in the lease file. */
  get isDone(): boolean {
    return this.#applied === this.#journal.sequence;
  }

  /** The sequence of the last batch that is in the lease file. */
  get applied(): number {
    return this.#applied;
  }

  /** Records that were applied since the start. */
  get records(): number {
    return this.#records;
  }

  /** True in the middle of a merge. */
  get isUnderWay(): boolean {
    return this.#writing !== undefined || this.#reading !== undefined;
  }

  /**
   * Does one small transaction, or as much reading before the first one. Returns the rows that it wrote; for reading, as
   * many as it could have written meanwhile.
   *
   * @throws Error of SQLite, or if the journal cannot be read: then nothing was written.
   */
  step(): number {
    this.#writing ??= this.#read();
    const last = this.#writing?.last;
    if (this.#writing === undefined || last === undefined) return this.#reading === undefined ? 0 : STEP_ROWS;
    const goBack = this.#writing.mark();
    let rows: number;
    try {
      this.#writer.begin();
      rows = this.#write(this.#writing);
      this.#retention.pruneExcess();
      if (rows < STEP_ROWS) this.#writer.noteApplied(last.sequence);
      this.#writer.commit();
    } catch (error) {
      goBack();
      this.#retention.countAnew();
      throw error;
    }
    if (rows < STEP_ROWS) {
      this.#applied = last.sequence;
      this.#records += this.#writing.records;
      this.#journal.markRead(last);
      this.#writing = undefined;
    }
    return rows;
  }

  /** Applies the whole journal, however long it takes. @throws what `step` throws. */
  finish(): void {
    while (!this.isDone) this.step();
  }

  /**
   * Makes safe from a loss of power what was applied, and frees its room in the journal.
   *
   * @throws Error of SQLite.
   */
  release(): void {
    const applied = this.#applied;
    this.#writer.sync();
    this.#journal.release(applied);
  }

  /**
   * Reads some more records; returns the merge when it has all, undefined before. What cannot be read now is left to the
   * next merge.
   */
  #read(): RecordMerge | undefined {
    const merge = this.#reading ?? new RecordMerge();
    this.#reading = undefined;
    const enough = merge.records + STEP_RECORDS;
    try {
      while (merge.records < enough) {
        if (merge.readBatch()) continue;
        const reader = this.#readerFor(merge);
        if (reader === undefined) return merge.last === undefined ? undefined : merge;
        merge.add(reader);
      }
    } catch (error) {
      if (!merge.dropEmpty()) throw error;
      return merge; // The batches before the damage need not wait.
    }
    this.#reading = merge;
    return undefined;
  }

  #readerFor({ last, records }: RecordMerge): BatchReader | undefined {
    if (last === undefined) return this.#journal.firstUnread();
    return records < MERGE_RECORDS ? this.#journal.nextAfter(last) : undefined;
  }

  /** Writes the rows of one step. Returns how many: fewer than STEP_ROWS only at the end of the merge. */
  #write(merge: RecordMerge): number {
    let rows = 0;
    for (; rows < STEP_ROWS; rows += 1) {
      const record = merge.row();
      if (record === undefined) break;
      this.#writer.put(record);
      // The history takes the host name from the row, which may name another client after the next record.
      if (record.event !== undefined && merge.nextAddress === record.address) this.#addToHistory(record);
    }
    for (; rows < STEP_ROWS; rows += 1) {
      const record = merge.event();
      if (record === undefined) break;
      this.#addToHistory(record);
    }
    return rows;
  }

  #addToHistory(record: JournalRecord): void {
    this.#retention.count(record, this.#writer.addToHistory(record));
  }
}
