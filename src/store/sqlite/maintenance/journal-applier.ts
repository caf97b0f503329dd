import type { Retention } from '../history/retention.ts';
import type { Journal } from '../journal/journal.ts';
import type { JournalPiece } from '../journal/journal-piece.ts';
import type { JournalRecord } from '../journal/journal-record.ts';
import type { Writer } from '../tables/writer.ts';
import { CarryLoad } from './record-merge.ts';

/** Rows of both tables that are written at once, in one transaction of the packet thread: about a millisecond. */
const STEP_ROWS = 128;
/** Where there are more than so many records, they are looked for in steps of their own: about a millisecond. */
const STEP_RECORDS = 1024;
/** A load with so many takes no other piece. */
const LOAD_RECORDS = 2 ** 17;

/**
 * Carries what is in the journal over into the lease file, a load at a time in small transactions: the rows by address,
 * since neighbours share a page, then the history. A load counts as carried over when all of it is; one that was
 * interrupted is carried over again, which changes nothing.
 */
export class CarryOver {
  readonly #journal: Journal;
  readonly #writer: Writer;
  readonly #retention: Retention;
  /** What is carried over next, while its records are being looked for. */
  #search: CarryLoad | undefined;
  #load: CarryLoad | undefined;
  #carried: number;
  #records = 0;

  constructor(journal: Journal, writer: Writer, retention: Retention, carried: number) {
    this.#journal = journal;
    this.#writer = writer;
    this.#retention = retention;
    this.#carried = carried;
  }

  /** False: the journal has batches that are not in the lease file. */
  get isDone(): boolean {
    return this.#carried === this.#journal.sequence;
  }

  /** The last batch of the journal that is in the lease file. */
  get carried(): number {
    return this.#carried;
  }

  /** Records that were carried over since the start. */
  get records(): number {
    return this.#records;
  }

  /** True in the middle of a load. */
  get isUnderWay(): boolean {
    return this.#load !== undefined || this.#search !== undefined;
  }

  /**
   * One small transaction, or as much work before the first one; returns how many rows it has written, or would have.
   * Throws what SQLite says, or that the journal cannot be read: then none.
   */
  step(): number {
    this.#load ??= this.#look();
    const last = this.#load?.last;
    if (this.#load === undefined || last === undefined) return this.#search === undefined ? 0 : STEP_ROWS;
    const goBack = this.#load.mark();
    let rows: number;
    try {
      this.#writer.begin();
      rows = this.#write(this.#load);
      this.#retention.pruneExcess();
      if (rows < STEP_ROWS) this.#writer.noteCarried(last.sequence);
      this.#writer.commit();
    } catch (error) {
      goBack();
      this.#retention.countAnew();
      throw error;
    }
    if (rows < STEP_ROWS) {
      this.#carried = last.sequence;
      this.#records += this.#load.records;
      this.#journal.read(last);
      this.#load = undefined;
    }
    return rows;
  }

  /** Carries all over, however long it takes. */
  finish(): void {
    while (!this.isDone) this.step();
  }

  /** What is carried over is made safe from a loss of power, and its room in the journal is free. */
  release(): void {
    const carried = this.#carried;
    this.#writer.sync();
    this.#journal.release(carried);
  }

  /** Looks for some more records; returns the load when it has all. What cannot be read is read anew by the next one. */
  #look(): CarryLoad | undefined {
    const search = this.#search ?? new CarryLoad();
    this.#search = undefined;
    const enough = search.records + STEP_RECORDS;
    try {
      while (search.records < enough) {
        if (search.look()) continue;
        const piece = this.#pieceFor(search);
        if (piece === undefined) return search.last === undefined ? undefined : search;
        search.add(piece);
      }
    } catch (error) {
      if (!search.dropEmpty()) throw error;
      return search; // What stands before it need not wait for it.
    }
    this.#search = search;
    return undefined;
  }

  #pieceFor(search: CarryLoad): JournalPiece | undefined {
    const { last, records } = search;
    if (last === undefined) return this.#journal.peek();
    return records < LOAD_RECORDS ? this.#journal.peekBehind(last) : undefined;
  }

  /** Rows of one step, fewer only where none is left. */
  #write(load: CarryLoad): number {
    let rows = 0;
    for (; rows < STEP_ROWS; rows += 1) {
      const record = load.row();
      if (record === undefined) break;
      this.#writer.put(record);
      // The history takes the host name from the row, which names another client next, perhaps.
      if (record.event !== undefined && load.nextAddress === record.address) this.#remember(record);
    }
    for (; rows < STEP_ROWS; rows += 1) {
      const record = load.event();
      if (record === undefined) break;
      this.#remember(record);
    }
    return rows;
  }

  #remember(record: JournalRecord): void {
    this.#retention.count(record, this.#writer.remember(record));
  }
}
