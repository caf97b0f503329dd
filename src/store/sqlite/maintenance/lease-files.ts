import type { Database } from 'better-sqlite3';
import type { Clock } from '../../../lease/clock.ts';
import type { Instant } from '../../../lease/lease.ts';
import { NO_ROOM_FOR_INDEX } from '../disk/disk-error.ts';
import { Checkpoints } from '../file/checkpoints.ts';
import { Retention, type RetentionOptions } from '../history/retention.ts';
import type { Journal } from '../journal/journal.ts';
import { ClockNotes } from '../notes/clock-notes.ts';
import { Heard } from '../notes/last-heard-note.ts';
import { NodeNote } from '../notes/node-note.ts';
import { Writer } from '../tables/writer.ts';
import { CarryOver } from './journal-applier.ts';
import { Upkeep } from './maintenance.ts';

export interface LeaseFilesParts {
  readonly database: Database;
  /** True: nobody else can read the database, since the disk has no room for the index of its log. */
  readonly isAlone?: boolean;
  readonly journal: Journal;
  /** The last batch of the journal that is in the database. */
  readonly carried: number;
  readonly node: string | undefined;
  readonly history: RetentionOptions;
  readonly clock: Clock | undefined;
}

/** What is open of one lease file and its journal, and what works on both. */
export class LeaseFiles {
  readonly database: Database;
  readonly isAlone: boolean;
  readonly journal: Journal;
  readonly carryOver: CarryOver;
  readonly upkeep: Upkeep;
  readonly heard: Heard;
  readonly clockNotes: ClockNotes;
  readonly node: NodeNote;
  readonly #checkpoints: Checkpoints;

  constructor(parts: LeaseFilesParts) {
    const { database, isAlone = false, journal, carried, node, history, clock } = parts;
    this.database = database;
    this.isAlone = isAlone;
    this.journal = journal;
    const writer = new Writer(database, node ?? null);
    const retention = new Retention(database, history, () => this.clockNotes.isInDoubt);
    this.carryOver = new CarryOver(journal, writer, retention, carried);
    this.heard = new Heard(database);
    this.clockNotes = new ClockNotes(database);
    this.node = new NodeNote(database, node);
    this.#checkpoints = new Checkpoints(database);
    this.upkeep = new Upkeep({
      journal,
      carryOver: this.carryOver,
      writer,
      checkpoints: this.#checkpoints,
      retention,
      notes: [this.node, this.heard, this.clockNotes],
      clock,
    });
  }

  /** Why the lease file does not follow the journal, or why its log grows. */
  get trouble(): string | undefined {
    const failure = this.upkeep.failure ?? this.#checkpoints.failure;
    return failure ?? (this.isAlone ? `${NO_ROOM_FOR_INDEX}: nobody else can read it` : undefined);
  }

  /** After a transaction that the upkeep has not made. */
  written(now: Instant): void {
    this.#checkpoints.afterCommit(now);
  }

  /** What was noted and is not in the other's file is to be written to this one. */
  takeNotes({ heard, clockNotes }: LeaseFiles): void {
    if (heard.isDue) this.heard.note(heard.silences);
    if (clockNotes.isDue && clockNotes.note !== undefined) this.clockNotes.take(clockNotes.note);
  }
}

/** The last batch of the journal that a lease file says it has; undefined: it does not know. */
export function carriedIn(database: Database): number | undefined {
  const known: unknown = database.prepare("SELECT value FROM meta WHERE key = 'carried'").pluck().get();
  return typeof known === 'string' ? Number(known) : undefined;
}
