import type { Database } from 'better-sqlite3';
import type { Clock } from '../../../lease/clock.ts';
import type { Instant } from '../../../lease/lease.ts';
import { NO_READERS } from '../disk/disk-error.ts';
import { Checkpoints } from '../file/checkpoints.ts';
import { Retention, type RetentionOptions } from '../history/retention.ts';
import type { Journal } from '../journal/journal.ts';
import { ClockNotes } from '../notes/clock-notes.ts';
import { HeardSelectionsNote } from '../notes/heard-selections-note.ts';
import { LastHeardNote } from '../notes/last-heard-note.ts';
import { NodeNote } from '../notes/node-note.ts';
import { ReservationRows } from '../tables/reservation-rows.ts';
import { Writer } from '../tables/writer.ts';
import { JournalApplier } from './journal-applier.ts';
import { Maintenance } from './maintenance.ts';

export interface LeaseFilesParts {
  readonly database: Database;
  /** True: no other process can read the database, since the disk has no room for the index of its log. */
  readonly isAlone?: boolean;
  readonly journal: Journal;
  /** The sequence of the last batch of the journal that is in the database. */
  readonly applied: number;
  readonly node: string | undefined;
  readonly history: RetentionOptions;
  readonly clock: Clock | undefined;
}

/** One open lease file and its journal, and all that works on both. */
export class LeaseFiles {
  readonly database: Database;
  readonly isAlone: boolean;
  readonly journal: Journal;
  readonly applier: JournalApplier;
  readonly maintenance: Maintenance;
  readonly lastHeard: LastHeardNote;
  readonly heardSelections: HeardSelectionsNote;
  readonly clockNotes: ClockNotes;
  readonly node: NodeNote;
  readonly reservationRows: ReservationRows;
  readonly #checkpoints: Checkpoints;

  constructor(parts: LeaseFilesParts) {
    const { database, isAlone = false, journal, applied, node, history, clock } = parts;
    this.database = database;
    this.isAlone = isAlone;
    this.journal = journal;
    const writer = new Writer(database, node ?? null);
    const retention = new Retention(database, history, () => this.clockNotes.isInDoubt);
    this.applier = new JournalApplier(journal, writer, retention, applied);
    this.lastHeard = new LastHeardNote(database);
    this.heardSelections = new HeardSelectionsNote(database);
    this.clockNotes = new ClockNotes(database, node ?? null);
    this.node = new NodeNote(database, node);
    this.reservationRows = new ReservationRows(database, node ?? null);
    this.#checkpoints = new Checkpoints(database);
    this.maintenance = new Maintenance({
      journal,
      applier: this.applier,
      writer,
      checkpoints: this.#checkpoints,
      retention,
      notes: [this.node, this.lastHeard, this.heardSelections, this.clockNotes],
      clock,
    });
  }

  /** Why the lease file does not follow the journal, or why its log grows; undefined: neither. */
  get trouble(): string | undefined {
    const failure = this.maintenance.failure ?? this.#checkpoints.failure;
    return failure ?? (this.isAlone ? NO_READERS : undefined);
  }

  /** Call it after a transaction that `maintenance` has not made. */
  written(now: Instant): void {
    this.#checkpoints.afterCommit(now);
  }

  /** Takes the notes of other files that are not in those files yet, to write them into this one. */
  takeNotes({ lastHeard, heardSelections, clockNotes }: LeaseFiles): void {
    if (lastHeard.isDue) this.lastHeard.note(lastHeard.value);
    if (heardSelections.isDue) this.heardSelections.note(heardSelections.value);
    const { isDue, note, rows } = clockNotes;
    if (isDue && note !== undefined) this.clockNotes.take(note, rows);
  }
}

/** The sequence of the last batch of the journal that a lease file has; undefined: the file does not know. */
export function appliedIn(database: Database): number | undefined {
  const known: unknown = database.prepare("SELECT value FROM meta WHERE key = 'carried'").pluck().get();
  return typeof known === 'string' ? Number(known) : undefined;
}
