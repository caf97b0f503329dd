import type { Instant } from '../../lease/lease.ts';
import type { Journal } from './journal.ts';
import { visitRecords } from './journal-batch.ts';
import type { JournalPiece } from './journal-piece.ts';
import { addressAt, decodeRecord, hasEventAt } from './journal-record.ts';
import type { Writer } from './writer.ts';

/** Rows of both tables that are written at once, in one transaction of the packet thread: about a millisecond. */
const STEP_ROWS = 128;

/** An address and a record's number within a piece make one number, exact and in the order of both. */
const NUMBERS = 2 ** 20;

/** Of a piece that has more than so many records they are looked for in steps of their own: about a millisecond. */
const STEP_RECORDS = 1024;

/** A piece of the journal whose records are being looked for. */
interface Search {
  readonly piece: JournalPiece;
  readonly offsets: number[];
  readonly rows: number[];
  readonly events: number[];
}

/** A piece of the journal on its way into the lease file. */
interface Load {
  readonly piece: JournalPiece;
  /** Where each record begins. */
  readonly offsets: readonly number[];
  /** The records' numbers behind their addresses, by address; those of one address in their order. */
  readonly rows: Float64Array;
  /** The numbers of the records that the history has. */
  readonly events: readonly number[];
  doneRows: number;
  doneEvents: number;
}

/**
 * Carries what is in the journal over into the lease file, a piece at a time in small transactions: the rows by address,
 * since neighbours share a page, then the history. A piece counts as carried over when all of it is; one that was
 * interrupted is carried over again, which changes nothing.
 */
export class CarryOver {
  readonly #journal: Journal;
  readonly #writer: Writer;
  #search: Search | undefined;
  #load: Load | undefined;
  #carried: number;
  #records = 0;

  constructor(journal: Journal, writer: Writer, carried: number) {
    this.#journal = journal;
    this.#writer = writer;
    this.#carried = carried;
  }

  /** False: the journal has batches that are not in the lease file. */
  get isDone(): boolean {
    return this.#carried === this.#journal.sequence;
  }

  /** Records that were carried over since the start. */
  get records(): number {
    return this.#records;
  }

  /** True in the middle of a piece. */
  get isUnderWay(): boolean {
    return this.#load !== undefined || this.#search !== undefined;
  }

  /**
   * One small transaction, or as much work before the first one; returns how many rows it has written, or would have.
   * Throws what SQLite says, or that the journal cannot be read: then none.
   */
  step(): number {
    const load = this.#load ?? this.#look();
    if (load === undefined) return this.#search === undefined ? 0 : STEP_ROWS;
    this.#writer.begin();
    const doneRows = this.#writeRows(load);
    const room = STEP_ROWS - (doneRows - load.doneRows);
    const doneEvents = this.#writeEvents(load, room);
    const rows = doneRows - load.doneRows + doneEvents - load.doneEvents;
    const isDone = doneRows === load.rows.length && doneEvents === load.events.length;
    if (isDone) this.#writer.noteCarried(load.piece.sequence);
    this.#writer.commit();

    load.doneRows = doneRows;
    load.doneEvents = doneEvents;
    if (isDone) {
      this.#carried = load.piece.sequence;
      this.#records += load.rows.length;
      this.#journal.read(load.piece);
      this.#load = undefined;
    }
    return rows;
  }

  /** Carries all over, however long it takes. */
  finish(): void {
    while (!this.isDone) this.step();
  }

  /** What is carried over is made safe from a loss of power, and its room in the journal is free. */
  release(now: Instant): void {
    const carried = this.#carried;
    this.#writer.sync(now);
    this.#journal.release(carried);
  }

  /** Looks for some more records; returns the piece when there are no more. One that cannot be read is read anew. */
  #look(): Load | undefined {
    const piece = this.#search?.piece ?? this.#journal.peek();
    if (piece === undefined) return undefined;
    const search = this.#search ?? { piece, offsets: [], rows: [], events: [] };
    this.#search = undefined;
    const { offsets, rows, events } = search;
    const enough = offsets.length + STEP_RECORDS;
    while (offsets.length < enough) {
      const batch = piece.next();
      if (batch === undefined) {
        const sorted = Float64Array.from(rows).sort();
        this.#load = { piece, offsets, rows: sorted, events, doneRows: 0, doneEvents: 0 };
        return this.#load;
      }
      visitRecords(piece.view, batch, (offset) => {
        rows.push(addressAt(piece.view, offset) * NUMBERS + offsets.length);
        if (hasEventAt(piece.view, offset)) events.push(offsets.length);
        offsets.push(offset);
      });
    }
    this.#search = search;
    return undefined;
  }

  #writeRows({ piece, offsets, rows, doneRows }: Load): number {
    const end = Math.min(rows.length, doneRows + STEP_ROWS);
    for (let at = doneRows; at < end; at += 1) {
      this.#writer.put(decodeRecord(piece.bytes, piece.view, offsets[(rows[at] ?? 0) % NUMBERS] ?? 0));
    }
    return end;
  }

  #writeEvents({ piece, offsets, rows, events, doneRows, doneEvents }: Load, room: number): number {
    if (doneRows + STEP_ROWS - room !== rows.length) return doneEvents;
    const end = Math.min(events.length, doneEvents + room);
    for (let at = doneEvents; at < end; at += 1) {
      this.#writer.remember(decodeRecord(piece.bytes, piece.view, offsets[events[at] ?? 0] ?? 0));
    }
    return end;
  }
}
