import type { Database } from 'better-sqlite3';
import type { Clock } from '../../lease/clock.ts';
import { CarryOver } from './carry-over.ts';
import { Checkpoints } from './checkpoints.ts';
import { ClockNotes } from './clock-notes.ts';
import { Heard } from './heard.ts';
import type { Journal } from './journal.ts';
import { Retention, type RetentionOptions } from './retention.ts';
import { Upkeep } from './upkeep.ts';
import { Writer } from './writer.ts';

export interface LeaseFilesParts {
  readonly database: Database;
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
  readonly journal: Journal;
  readonly carryOver: CarryOver;
  readonly upkeep: Upkeep;
  readonly heard: Heard;
  readonly clockNotes: ClockNotes;
  readonly #checkpoints: Checkpoints;

  constructor({ database, journal, carried, node, history, clock }: LeaseFilesParts) {
    this.database = database;
    this.journal = journal;
    const writer = new Writer(database, node ?? null);
    const retention = new Retention(database, history);
    this.carryOver = new CarryOver(journal, writer, retention, carried);
    this.heard = new Heard(database);
    this.clockNotes = new ClockNotes(database);
    this.#checkpoints = new Checkpoints(database);
    this.upkeep = new Upkeep({
      journal,
      carryOver: this.carryOver,
      writer,
      checkpoints: this.#checkpoints,
      retention,
      notes: [this.heard, this.clockNotes],
      clock,
    });
  }

  /** Why the lease file does not follow the journal, or why its log grows. */
  get trouble(): string | undefined {
    return this.upkeep.failure ?? this.#checkpoints.failure;
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
