import type { Database } from 'better-sqlite3';
import type { Clock } from '../../lease/clock.ts';
import type { ClockNote } from '../../lease/clock-note.ts';
import type { Instant, Lease, LeaseRecord, Version } from '../../lease/lease.ts';
import type { LeaseChange, LeaseView } from '../../lease/lease-view.ts';
import { type Ipv4, UNSPECIFIED } from '../../net/ipv4.ts';
import type { LeaseStore, Outcome, Silences } from '../lease-store.ts';
import type { LeaseTable } from '../lease-table.ts';
import type { CarryOver } from './carry-over.ts';
import { Checkpoints } from './checkpoints.ts';
import { ClockNotes } from './clock-notes.ts';
import type { SetAside } from './damage.ts';
import { codeOf } from './directory.ts';
import { Heard } from './heard.ts';
import { eventOf } from './history.ts';
import type { Journal } from './journal.ts';
import { BatchWriter } from './journal-batch.ts';
import type { JournalRecord } from './journal-record.ts';
import type { Ownership } from './ownership.ts';
import type { Retention } from './retention.ts';
import type { StoredState } from './rows.ts';
import { Upkeep } from './upkeep.ts';
import type { Writer } from './writer.ts';

/** How often a store that failed tries to write: milliseconds. */
const TRY_MILLISECONDS = 1000;
const BATCH_LIMIT = 512;

/** What was found at the start, for the log. */
export interface Opening {
  readonly file: string;
  /** This file's own name, from when it was made. */
  readonly birth: string;
  readonly loaded: Readonly<Record<StoredState, number>>;
  /** Rows that no version of this program has written; they are left as they are, and not used. */
  readonly skipped: number;
  /** The damaged file that was put aside. */
  readonly setAside: SetAside | undefined;
  /** The copy made before a migration. */
  readonly copy: string | undefined;
  /** A journal beside the file that was not its own, or none: its new name. */
  readonly journalAside: string | undefined;
}

/** What `openSqliteStore` puts together. */
export interface SqliteStoreParts {
  readonly opening: Opening;
  readonly database: Database;
  readonly journal: Journal;
  readonly writer: Writer;
  readonly carryOver: CarryOver;
  /** The newest row of the history. */
  readonly lastEvent: number;
  readonly table: LeaseTable;
  readonly ownership: Ownership;
  readonly lastStoredAt: Instant;
  readonly retention: Retention;
  readonly clock: Clock | undefined;
}

/**
 * Leases in one SQLite file, behind a journal. A batch is durable when `commit` has been called: it is in the journal,
 * by one write that goes through to the disk (it does not wait; the promise is there for stores that do). The rows
 * follow within a second, or ten when there are very many. Offers and assertions are settled in memory.
 *
 * When that write fails, whatever the reason, nothing of the batch has happened and nothing may be promised, until a
 * write succeeds: the next commit a second later or after it, or the attempt that `idle` makes once a second. When only
 * the lease file cannot be written, leases are promised as long as the journal has room.
 */
export class SqliteStore implements LeaseStore {
  readonly depth = 1;
  readonly batchLimit = BATCH_LIMIT;
  readonly opening: Opening;
  readonly #database: Database;
  readonly #table: LeaseTable;
  readonly #journal: Journal;
  readonly #checkpoints: Checkpoints;
  readonly #upkeep: Upkeep;
  readonly #heard: Heard;
  readonly #clockNotes: ClockNotes;
  readonly #ownership: Ownership;
  readonly #batch = new BatchWriter();
  #failure: string | undefined;
  #lastStoredAt: Instant;
  #lastEvent: number;
  #lastTry = 0;
  #isClosed = false;

  constructor(parts: SqliteStoreParts) {
    const { database, journal, carryOver, writer, retention, clock } = parts;
    this.opening = parts.opening;
    this.#database = database;
    this.#table = parts.table;
    this.#journal = journal;
    this.#ownership = parts.ownership;
    this.#lastStoredAt = parts.lastStoredAt;
    this.#lastEvent = parts.lastEvent;
    this.#checkpoints = new Checkpoints(database);
    const checkpoints = this.#checkpoints;
    const heard = new Heard(database);
    this.#heard = heard;
    this.#clockNotes = new ClockNotes(database);
    const notes = [heard, this.#clockNotes];
    this.#upkeep = new Upkeep({ journal, carryOver, writer, checkpoints, retention, notes, clock });
  }

  get leases(): LeaseView {
    return this.#table;
  }

  get failure(): string | undefined {
    return this.#failure;
  }

  /** Why the lease file does not follow the journal, or why its log grows; leases are promised meanwhile. */
  get trouble(): string | undefined {
    return this.#upkeep.failure ?? this.#checkpoints.failure;
  }

  /** Changes that are in the journal and not yet in the lease file. */
  get backlog(): number {
    return this.#upkeep.backlog;
  }

  get lastStoredAt(): Instant {
    return this.#lastStoredAt;
  }

  get silences(): Silences {
    return this.#heard.silences;
  }

  noteSilences(silences: Silences): void {
    this.#heard.note(silences);
  }

  get clockNote(): ClockNote | undefined {
    return this.#clockNotes.note;
  }

  noteClock(note: ClockNote): void {
    this.#clockNotes.take(note);
  }

  settle(change: LeaseChange): 'committed' | 'conflict' | undefined {
    if (change.kind === 'binding') return undefined;
    if (this.#table.conflicts(change)) return 'conflict';
    this.#table.apply(change);
    return 'committed';
  }

  commit(changes: readonly LeaseChange[]): Promise<readonly Outcome[]> {
    return Promise.resolve(this.#commit(changes));
  }

  sweep(now: Instant, limit: number, isOver?: (lease: Lease) => boolean): readonly Lease[] {
    return this.#upkeep.isBehind ? [] : this.#table.sweep(now, limit, isOver);
  }

  idle(now: Instant): void {
    if (this.#failure === undefined) this.#upkeep.idle(now);
    else if (this.#mayTry(now)) this.#attempt(now, () => this.#probe());
  }

  /** Brings the lease file up to date, however long it takes. Throws what stands in the way. */
  flush(): void {
    this.#upkeep.makeRoom();
  }

  /** Carries all over, if the disk lets it; what is left in the journal is carried over at the next start. */
  close(): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true;
      this.#upkeep.close(this.#lastStoredAt);
      try {
        this.flush();
      } catch {
        // Nothing is lost: it is in the journal.
      }
      this.#journal.close();
      this.#database.close();
      this.#ownership.release();
    }
    return Promise.resolve();
  }

  #commit(changes: readonly LeaseChange[]): readonly Outcome[] {
    const at = changes[0]?.at ?? this.#lastStoredAt;
    if (this.#failure !== undefined && !this.#mayTry(at)) return changes.map(() => 'failed');

    const outcomes: Outcome[] = changes.map((change) =>
      this.#table.conflicts(change) ? 'conflict' : 'committed',
    );
    const sound = changes.filter((_, index) => outcomes[index] === 'committed');
    const lastEvent = this.#lastEvent;
    if (!this.#attempt(at, () => this.#write(sound))) {
      this.#lastEvent = lastEvent;
      return changes.map(() => 'failed');
    }
    // Memory moves only now: RFC 2131 §3.1 (4), durable before the DHCPACK leaves.
    for (const change of sound) {
      this.#table.apply(change);
      if (change.kind === 'binding' && change.at > this.#lastStoredAt) this.#lastStoredAt = change.at;
    }
    if (this.#batch.records > 0) this.#upkeep.committed(this.#batch.records, at);
    return outcomes;
  }

  /** One batch, if there is anything to write. The versions are those that memory will count. */
  #write(changes: readonly LeaseChange[]): void {
    this.#batch.begin();
    let version = this.#table.revision;
    for (const change of changes) {
      let wrote = false;
      for (const write of change.writes) {
        const effect = this.#table.effectOf(change, write);
        wrote ||= effect !== 'none';
        if (effect !== 'records' || write.next === 'as seen') continue;
        const before = this.#table.recordAt(write.address);
        this.#batch.add(this.#recordOf(write.address, before, write.next, change, version + 1));
      }
      if (wrote) version += 1;
    }
    if (this.#batch.records > 0) this.#append();
  }

  #recordOf(
    address: Ipv4,
    before: Lease | undefined,
    next: LeaseRecord,
    change: LeaseChange,
    version: Version,
  ): JournalRecord {
    const { client, hardware, granter = UNSPECIFIED, state, expiresAt, leaseSeconds = 0, hostname } = next;
    if (state === 'offered') throw new Error('an offer is not stored');
    const { at, reason } = change;
    const event = eventOf(before, next, change);
    if (event !== undefined) this.#lastEvent += 1;
    const isRenewal = event === undefined && before?.client === client && before.state === state;
    const eventId = event === undefined ? 0 : this.#lastEvent;
    return {
      address,
      client,
      hardware,
      granter,
      state,
      expiresAt,
      leaseSeconds,
      at,
      version,
      hostname,
      isRenewal,
      event,
      eventId,
      reason,
    };
  }

  #append(): void {
    if (!this.#journal.hasRoomFor(this.#batch.bytes)) this.#upkeep.makeRoom();
    this.#journal.append(this.#batch);
  }

  /** A batch of nothing. */
  #probe(): void {
    this.#batch.begin();
    this.#append();
  }

  #mayTry(now: Instant): boolean {
    return Math.abs(now - this.#lastTry) >= TRY_MILLISECONDS;
  }

  /** False if it failed: nothing of it was written, and nothing may be promised until something is. */
  #attempt(now: Instant, write: () => void): boolean {
    try {
      write();
      this.#failure = undefined;
    } catch (error) {
      this.#lastTry = now;
      this.#failure = `${codeOf(error)}: ${error instanceof Error ? error.message : String(error)}`;
    }
    this.#table.canPromise = this.#failure === undefined;
    return this.#table.canPromise;
  }
}
