import type { Database, Statement } from 'better-sqlite3';
import type { Instant } from '../../../lease/lease.ts';
import type { RevisionTime } from '../../mirror.ts';

/** When this gateway knew which revision of the shared leases, as the lease file keeps it: [[4711,1767225600000]]. */
export class RevisionTimesNote {
  readonly #put: Statement;
  #notes: readonly RevisionTime[];
  #isDue = false;

  constructor(database: Database) {
    this.#put = database.prepare("INSERT OR REPLACE INTO meta VALUES ('known', ?)");
    const text: unknown = database.prepare("SELECT value FROM meta WHERE key = 'known'").pluck().get();
    this.#notes = typeof text === 'string' ? notesFromText(text) : [];
  }

  get notes(): readonly RevisionTime[] {
    return this.#notes;
  }

  take(notes: readonly RevisionTime[]): void {
    this.#isDue ||= notes.length > 0 || this.#notes.length > 0;
    this.#notes = notes;
  }

  /**
   * Writes the notes, if they are not in the file.
   *
   * @throws Error of SQLite: then they are still due.
   */
  write(): void {
    if (!this.#isDue) return;
    this.#put.run(JSON.stringify(this.#notes.map(({ revision, at }) => [revision, at])));
    this.#isDue = false;
  }
}

/** Skips what another program has written: without notes the waiting for others' leases begins anew. */
function notesFromText(text: string): readonly RevisionTime[] {
  let rows: unknown;
  try {
    rows = JSON.parse(text);
  } catch {
    return [];
  }
  if (!Array.isArray(rows)) return [];
  return rows.flatMap((row: unknown): RevisionTime[] => {
    const [revision, at]: unknown[] = Array.isArray(row) ? row : [];
    if (!Number.isSafeInteger(revision) || !Number.isSafeInteger(at)) return [];
    return [{ revision: Number(revision), at: Number(at) as Instant }];
  });
}
