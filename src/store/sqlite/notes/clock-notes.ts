import type { Database, Statement } from 'better-sqlite3';
import {
  type ClockJump,
  type ClockNote,
  type ClockOrder,
  DOUBT_CAUSES,
  EXPLANATIONS,
} from '../../../lease/clock-note.ts';
import { CLOCK_TRUSTED } from '../../../lease/history-event.ts';
import type { Instant } from '../../../lease/lease.ts';

/** Address 0: the row is about none. OR REPLACE: it may have been written before a failure. */
const ADD_TO_HISTORY = `INSERT OR REPLACE INTO history (id, at, address, client, mac, event, reason, expires_at, node)
VALUES (?, ?, 0, '', 0, '${CLOCK_TRUSTED}', ?, 0, ?)`;

/** A row of the history that is to be written with the note. */
export interface ClockRow extends ClockOrder {
  readonly eventId: number;
}

/** The note about the gateway's clock in a lease file. */
export class ClockNotes {
  readonly #put: Statement;
  readonly #addToHistory: Statement;
  readonly #node: string | null;
  #note: ClockNote | undefined;
  #rows: readonly ClockRow[] = [];
  #isDue = false;

  /** @param node The name of this node; null: it has none. */
  constructor(database: Database, node: string | null) {
    this.#put = database.prepare("INSERT OR REPLACE INTO meta VALUES ('clock', ?)");
    this.#addToHistory = database.prepare(ADD_TO_HISTORY);
    this.#node = node;
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

  /** Those that are not in the file. */
  get rows(): readonly ClockRow[] {
    return this.#rows;
  }

  /** True if the newest note is not in the file. */
  get isDue(): boolean {
    return this.#isDue;
  }

  /** @param rows What the orders with the note are in the history. */
  take({ orders: _orders, ...note }: ClockNote, rows: readonly ClockRow[]): void {
    this.#note = note;
    this.#rows = [...this.#rows, ...rows];
    this.#isDue = true;
  }

  /**
   * Writes the note.
   *
   * @throws Error of SQLite: then it is still due.
   */
  write(): void {
    this.#put.run(JSON.stringify(this.#note));
    for (const { eventId, at, reason } of this.#rows) this.#addToHistory.run(eventId, at, reason, this.#node);
    this.#rows = [];
    this.#isDue = false;
  }
}

/** The rows of the orders with a note. */
export function clockRowsOf({ orders = [] }: ClockNote, nextEvent: () => number): readonly ClockRow[] {
  return orders.map((order) => ({ ...order, eventId: nextEvent() }));
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
