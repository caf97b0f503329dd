import type { Ipv4 } from '../../../net/ipv4.ts';
import { visitRecords } from '../journal/journal-batch.ts';
import type { JournalPiece } from '../journal/journal-piece.ts';
import {
  addressAt,
  decodeRecord,
  eventAt,
  eventIdAt,
  hasEventAt,
  type JournalRecord,
} from '../journal/journal-record.ts';

/** An address and a record's number within a load make one number, exact and in the order of both. */
const NUMBERS = 2 ** 20;

/** In place of a record's offset. */
const FOLDED = -1;

/** The records of one piece of the journal. */
class Run {
  readonly piece: JournalPiece;
  /** The number of its first record. */
  readonly #first: number;
  /** Where each record begins. */
  readonly #offsets: number[] = [];
  /** FOLDED: of a row that goes again within this piece. */
  readonly #events: number[] = [];
  /** Where the events of releases are among those, by the id of their row. */
  readonly #released = new Map<number, number>();
  /** Where records begin whose rows of the history come and go within this piece. */
  readonly #folded = new Set<number>();
  #found: number[] = [];
  /** The records' numbers behind their addresses, by address; those of one address in their order. */
  #rows = new Float64Array(0);
  nextRow = 0;
  nextEvent = 0;

  constructor(piece: JournalPiece, first: number) {
    this.piece = piece;
    this.#first = first;
  }

  get records(): number {
    return this.#offsets.length;
  }

  /** Looks at the next batch. False: there is none, and the rows are in their order. */
  look(): boolean {
    const { view } = this.piece;
    const batch = this.piece.next();
    if (batch === undefined) {
      this.#rows = Float64Array.from(this.#found).sort();
      this.#found = [];
      return false;
    }
    visitRecords(view, batch, (offset) => {
      this.#found.push(addressAt(view, offset) * NUMBERS + this.#first + this.#offsets.length);
      if (hasEventAt(view, offset)) this.#addEvent(offset);
      this.#offsets.push(offset);
    });
    return true;
  }

  #addEvent(offset: number): void {
    const { view } = this.piece;
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

  /** Where its next row stands among those of all runs; Infinity: it has no other. */
  get head(): number {
    return this.#rows[this.nextRow] ?? Number.POSITIVE_INFINITY;
  }

  row(): JournalRecord {
    const offset = this.#offsets[(this.head % NUMBERS) - this.#first] ?? 0;
    this.nextRow += 1;
    const record = decodeRecord(this.piece.bytes, this.piece.view, offset);
    return this.#folded.has(offset) ? { ...record, event: undefined } : record;
  }

  /** Undefined: it has no other. */
  event(): JournalRecord | undefined {
    while (this.#events[this.nextEvent] === FOLDED) this.nextEvent += 1;
    const offset = this.#events[this.nextEvent];
    if (offset === undefined) return undefined;
    this.nextEvent += 1;
    return decodeRecord(this.piece.bytes, this.piece.view, offset);
  }
}

/** Pieces of the journal on their way into the lease file together: the more records, the more of them share a page. */
export class CarryLoad {
  readonly #runs: Run[] = [];
  /** Of each run. */
  readonly #heads: number[] = [];
  #records = 0;

  get records(): number {
    return this.#records;
  }

  /** The last piece that was added. */
  get last(): JournalPiece | undefined {
    return this.#runs.at(-1)?.piece;
  }

  /** A piece comes when the one before it has been looked at to its end. */
  add(piece: JournalPiece): void {
    this.#runs.push(new Run(piece, this.#records));
  }

  /** Looks at the next batch of the last piece. False: there is none. Throws if the piece cannot be read. */
  look(): boolean {
    const run = this.#runs.at(-1);
    if (run === undefined) return false;
    const before = run.records;
    const isThere = run.look();
    this.#records += run.records - before;
    if (!isThere) this.#heads[this.#runs.length - 1] = run.head;
    return isThere;
  }

  /** Goes without the last piece if nothing was found in it. False: there is no other. */
  dropEmpty(): boolean {
    if (this.#runs.at(-1)?.records === 0) this.#runs.pop();
    return this.#runs.length > 0;
  }

  /** The next record, by address; those of one address in the order of their commits. Undefined: there is none. */
  row(): JournalRecord | undefined {
    const place = this.#first();
    const run = this.#runs[place];
    if (run === undefined) return undefined;
    const record = run.row();
    this.#heads[place] = run.head;
    return record;
  }

  /** Of the record that `row` returns next; undefined: there is none. */
  get nextAddress(): Ipv4 | undefined {
    const head = this.#heads[this.#first()];
    return head === undefined ? undefined : (Math.floor(head / NUMBERS) as Ipv4);
  }

  /** The run whose next row comes before the others'; -1: none has any. */
  #first(): number {
    const heads = this.#heads;
    let place = -1;
    let least = Number.POSITIVE_INFINITY;
    for (let at = 0; at < heads.length; at += 1) {
      const head = heads[at] ?? least;
      if (head >= least) continue;
      least = head;
      place = at;
    }
    return place;
  }

  /** The next record that the history has, in the order of the commits. Undefined: there is none. */
  event(): JournalRecord | undefined {
    for (const run of this.#runs) {
      const record = run.event();
      if (record !== undefined) return record;
    }
    return undefined;
  }

  /** Returns what goes back to where the load is now. */
  mark(): () => void {
    const marks = this.#runs.map((run) => ({ run, row: run.nextRow, event: run.nextEvent }));
    return () => {
      for (const [place, { run, row, event }] of marks.entries()) {
        run.nextRow = row;
        run.nextEvent = event;
        this.#heads[place] = run.head;
      }
    };
  }
}
