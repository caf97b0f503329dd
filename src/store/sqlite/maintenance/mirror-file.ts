import type { Database, Statement } from 'better-sqlite3';
import { NO_READERS } from '../disk/disk-error.ts';
import { Checkpoints } from '../file/checkpoints.ts';
import type { Connected } from '../file/open-database.ts';
import { Retention, type RetentionOptions } from '../history/retention.ts';
import { ClockNotes } from '../notes/clock-notes.ts';
import { RevisionTimesNote } from '../notes/revision-times-note.ts';
import { ReservationRows } from '../tables/reservation-rows.ts';
import { Writer } from '../tables/writer.ts';

/** Pages in the write-ahead log: what is in it need not be safe soon, and many changes touch the same pages. */
const FORCED_PAGES = 1000;

/** The number of a loss, by which it is told from a later one. */
export type Lacking = number;

/** The lease file of a mirror that is open, and what works on it. */
export class MirrorFile {
  readonly database: Database;
  /** True: no other process can read it, as the disk had no room for the index of its log. */
  readonly isAlone: boolean;
  /** Some of its leases could not be had from the file that it replaces, so it says of no revision that it has all. */
  #lacking: Lacking | undefined;
  readonly writer: Writer;
  readonly reservationRows: ReservationRows;
  readonly checkpoints: Checkpoints;
  readonly retention: Retention;
  readonly note: Statement;
  readonly clockNotes: ClockNotes;
  readonly revisionTimes: RevisionTimesNote;

  constructor({ database, isAlone }: Connected, history: RetentionOptions, lacking?: Lacking) {
    this.database = database;
    this.isAlone = isAlone;
    this.#lacking = lacking;
    this.writer = new Writer(database, null, true);
    this.reservationRows = new ReservationRows(database, null);
    this.checkpoints = new Checkpoints(database, FORCED_PAGES);
    this.retention = new Retention(database, history, () => this.clockNotes.isInDoubt);
    this.note = database.prepare('INSERT OR REPLACE INTO mirror VALUES (1, ?, ?, ?, ?, ?)');
    this.clockNotes = new ClockNotes(database, null);
    this.revisionTimes = new RevisionTimesNote(database);
  }

  /** Undefined: it has all leases. */
  get lacking(): Lacking | undefined {
    return this.#lacking;
  }

  /** All leases have been put since that loss. */
  complete(loss: Lacking): void {
    if (this.#lacking === loss) this.#lacking = undefined;
  }

  get trouble(): string | undefined {
    if (this.#lacking !== undefined) return 'it has not all leases yet: they are written to it from memory';
    return this.checkpoints.failure ?? (this.isAlone ? NO_READERS : undefined);
  }

  /** What was noted last is to be written to this file. */
  takeNotes({ clockNotes, revisionTimes }: MirrorFile): void {
    if (clockNotes.note !== undefined) this.clockNotes.take(clockNotes.note, clockNotes.rows);
    this.revisionTimes.take(revisionTimes.notes);
  }
}
