import type { Database, Statement } from 'better-sqlite3';
import type { Lease } from '../../../lease/lease.ts';
import { Writer } from './writer.ts';

/** Rows that one step copies: about a millisecond. */
const STEP_ROWS = 256;
/** Keys of `meta` that are about the file itself and its journal: they are not copied. */
const OWN_META = ['birth', 'carried', 'schema', 'syncs'];

const NOT_IN_MEMORY = {
  hostname: undefined,
  isRenewal: false,
  event: undefined,
  eventId: 0,
  reason: '',
} as const;

/**
 * Copies leases and notes from one lease file to another, in steps; not the history.
 *
 * @throws Error of SQLite.
 */
export function* copyLeases(from: Database, to: Database): Generator<undefined, void> {
  const meta = to.prepare('INSERT OR REPLACE INTO meta VALUES (?, ?)');
  for (const row of from.prepare('SELECT key, value FROM meta').raw().all() as [string, string][]) {
    if (!OWN_META.includes(row[0])) meta.run(row);
  }
  yield* copyTable(from, to, 'mirror', 'one');
  yield* copyTable(from, to, 'reservation', 'id');
  yield* copyTable(from, to, 'lease', 'address');
}

function* copyTable(from: Database, to: Database, table: string, key: string): Generator<undefined, void> {
  const columns = columnsOf(from, table);
  const select = from
    .prepare(`SELECT ${key}, ${columns} FROM ${table} WHERE ${key} > ? ORDER BY ${key} LIMIT ${STEP_ROWS}`)
    .raw();
  const insert = insertInto(to, table, columns);
  for (let after: unknown = -1; ; ) {
    const rows = select.all(after) as readonly (readonly unknown[])[];
    for (const [, ...row] of rows) insert.run(...row);
    if (rows.length < STEP_ROWS) return;
    after = rows.at(-1)?.[0];
    yield;
  }
}

/**
 * Writes those leases that a file lacks, or has older, in steps. Memory does not have all of a row: a row that the file
 * lacked gets no host name, and no node where another gateway granted it.
 *
 * @throws Error of SQLite.
 */
export function* putMissing(
  leases: Iterable<Lease>,
  to: Database,
  node: string | undefined,
): Generator<undefined, void> {
  const version = to.prepare('SELECT version FROM lease WHERE address = ?').pluck();
  const writer = new Writer(to, node ?? null);
  let looked = 0;
  for (const lease of leases) {
    looked += 1;
    if (looked % STEP_ROWS === 0) yield;
    const stored: unknown = version.get(lease.address);
    if (typeof stored === 'number' && stored >= lease.version) continue;
    const { state } = lease;
    if (state === 'offered') continue;
    writer.put({ ...lease, ...NOT_IN_MEMORY, state });
  }
}

/** Copies the history of an open file into another one, in steps, the newest rows first. */
export class HistoryCopy {
  readonly #from: Database;
  readonly #select: Statement;
  readonly #columns: string;
  #to: Database;
  #insert: Statement;
  /** Rows from this id on are copied. */
  #before: unknown = Number.MAX_SAFE_INTEGER;
  #isDone = false;
  #unread: string | undefined;

  constructor(from: Database, to: Database) {
    this.#from = from;
    this.#columns = columnsOf(from, 'history');
    this.#select = from
      .prepare(`SELECT id, ${this.#columns} FROM history WHERE id < ? ORDER BY id DESC LIMIT ${STEP_ROWS}`)
      .raw();
    this.#to = to;
    this.#insert = insertInto(to, 'history', this.#columns);
  }

  get isDone(): boolean {
    return this.#isDone;
  }

  /** Why the rest cannot be read; undefined: it can. */
  get unread(): string | undefined {
    return this.#unread;
  }

  /** Copies the rest to another file. */
  turnTo(to: Database): void {
    this.#to = to;
    this.#insert = insertInto(to, 'history', this.#columns);
  }

  /**
   * Copies some rows in one small transaction.
   *
   * @throws Error of SQLite about the file that it copies to: then the step can be done again.
   */
  step(): void {
    const rows = this.#read();
    this.#to.transaction(() => {
      for (const [, ...row] of rows) this.#insert.run(...row);
    })();
    this.#before = rows.at(-1)?.[0] ?? this.#before;
    this.#isDone = rows.length < STEP_ROWS;
  }

  #read(): readonly (readonly unknown[])[] {
    try {
      return this.#select.all(this.#before) as readonly (readonly unknown[])[];
    } catch (error) {
      this.#unread = error instanceof Error ? error.message : String(error);
      return [];
    }
  }

  /** Closes the file that it copies from. */
  close(): void {
    this.#from.close();
  }
}

/** The columns by name: an older file may have them in another order. */
function columnsOf(database: Database, table: string): string {
  return (database.pragma(`table_info(${table})`) as { name: string }[]).map(({ name }) => name).join(', ');
}

function insertInto(database: Database, table: string, columns: string): Statement {
  const values = columns.replace(/[^,]+/g, '?');
  return database.prepare(`INSERT OR IGNORE INTO ${table} (${columns}) VALUES (${values})`);
}
