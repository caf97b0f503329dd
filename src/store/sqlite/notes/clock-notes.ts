import type { Database, Statement } from 'better-sqlite3';
import { type ClockJump, type ClockNote, DOUBT_CAUSES, EXPLANATIONS } from '../../../lease/clock-note.ts';
import type { Instant } from '../../../lease/lease.ts';

/** The note about the gateway's clock in a lease file. */
export class ClockNotes {
  readonly #put: Statement;
  #note: ClockNote | undefined;
  #isDue = false;

  constructor(database: Database) {
    this.#put = database.prepare("INSERT OR REPLACE INTO meta VALUES ('clock', ?)");
    this.#note = readClockNote(database);
  }

  get note(): ClockNote | undefined {
    return this.#note;
  }

  /** True: by the last note the clock is in doubt. */
  get isInDoubt(): boolean {
    const jump = this.#note?.jump;
    return jump !== undefined && jump.explainedBy === undefined;
  }

  /** True if the newest note is not in the file. */
  get isDue(): boolean {
    return this.#isDue;
  }

  take(note: ClockNote): void {
    this.#note = note;
    this.#isDue = true;
  }

  /**
   * Writes the note.
   *
   * @throws Error of SQLite: then it is still due.
   */
  write(): void {
    this.#put.run(JSON.stringify(this.#note));
    this.#isDue = false;
  }
}

/** Undefined: there is no note, or another program has written it: that must not keep the leases from being served. */
export function readClockNote(database: Database): ClockNote | undefined {
  const text: unknown = database.prepare("SELECT value FROM meta WHERE key = 'clock'").pluck().get();
  if (typeof text !== 'string') return undefined;
  try {
    return noteFrom(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function noteFrom(value: unknown): ClockNote | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { boot, monotonic, wall, revision, jump } = value as Partial<Record<string, unknown>>;
  if (typeof boot !== 'string' || !isNumber(monotonic) || !isNumber(wall) || !isNumber(revision))
    return undefined;
  return { boot, monotonic, wall: wall as Instant, revision, jump: jumpFrom(jump) };
}

function jumpFrom(value: unknown): ClockJump | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const fields = value as Partial<Record<string, unknown>>;
  const { at, milliseconds, steadyFor, longestLease } = fields;
  const cause = DOUBT_CAUSES.find((known) => known === fields['cause']);
  const explainedBy = EXPLANATIONS.find((known) => known === fields['explainedBy']);
  if (cause === undefined || !isNumber(at) || !isNumber(milliseconds)) return undefined;
  if (!isNumber(steadyFor) || !isNumber(longestLease)) return undefined;
  return { cause, at: at as Instant, milliseconds, steadyFor, longestLease, explainedBy };
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
