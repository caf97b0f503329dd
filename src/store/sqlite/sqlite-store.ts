import type { ClockNote } from '../../lease/clock-note.ts';
import { historyReason } from '../../lease/history-reason.ts';
import type { Instant, Lease, LeaseRecord, Version } from '../../lease/lease.ts';
import type { AddressRange, LeaseChange, LeaseCounts, LeaseView } from '../../lease/lease-view.ts';
import { idsAfter } from '../../lease/outside-ids.ts';
import type { Reservations } from '../../lease/reservation/reservation-view.ts';
import { CommitCheck } from '../../lease-table/commit-check.ts';
import type { LeaseTable } from '../../lease-table/lease-table.ts';
import type { ReservationTable } from '../../lease-table/reservation-table.ts';
import { type Ipv4, UNSPECIFIED } from '../../net/ipv4.ts';
import type { HeardSelection, LastHeard, LeaseStore, Outcome } from '../lease-store.ts';
import { GuardedFiles, type GuardedFilesParts } from './guard/guarded-files.ts';
import { HistoryRows } from './history/history-rows.ts';
import { BatchWriter } from './journal/journal-batch.ts';
import type { JournalRecord } from './journal/journal-record.ts';
import { carry } from './maintenance/carry.ts';
import type { LeaseFiles } from './maintenance/lease-files.ts';
import { clockRowsOf } from './notes/clock-notes.ts';
import type { Opening } from './opening.ts';
import { ReservationCommits } from './reservation-commits.ts';
import { WriteAttempts } from './write-attempts.ts';

const BATCH_LIMIT = 512;

/** What `openSqliteStore` passes to the store. */
export interface SqliteStoreParts extends GuardedFilesParts {
  readonly opening: Opening;
  readonly reservations: ReservationTable;
  /** The newest row of the history. */
  readonly lastEvent: number;
  readonly lastStoredAt: Instant;
}

/**
 * Leases in one SQLite file with a write-ahead journal. `commit` writes one batch through to the disk, in the packets' thread,
 * before it returns (it returns a Promise only because other stores wait). The rows follow within a second, or ten when there are very many.
 * Offers and checks are resolved in memory.
 *
 * When the write fails, for whatever reason, nothing of the batch has happened, and no lease may be promised until a write
 * succeeds: in a commit at least a second later, or in the attempt that `idle` makes once a second. When only the lease file
 * cannot be written, leases are promised while the journal has room.
 */
export class SqliteStore implements LeaseStore {
  readonly depth = 1;
  readonly batchLimit = BATCH_LIMIT;
  readonly opening: Opening;
  readonly #table: LeaseTable;
  readonly #reservations: ReservationCommits;
  readonly #kept: GuardedFiles;
  readonly #batch = new BatchWriter();
  readonly #clock: SqliteStoreParts['clock'];
  readonly #attempts = new WriteAttempts();
  #lastStoredAt: Instant;
  readonly #history: HistoryRows;
  #isClosed = false;

  constructor({ opening, lastStoredAt, lastEvent, ...kept }: SqliteStoreParts) {
    this.opening = opening;
    this.#table = kept.table;
    this.#clock = kept.clock;
    this.#lastStoredAt = lastStoredAt;
    this.#history = new HistoryRows(lastEvent);
    this.#reservations = new ReservationCommits(kept, this.#history);
    const lost = () => {
      this.#table.canPromise = false;
    };
    this.#kept = new GuardedFiles(kept, lost, (now) => this.#attempt(now, () => this.#testDisk(now)));
  }

  get leases(): LeaseView & LeaseCounts {
    return this.#table;
  }

  get reservations(): Reservations {
    return this.#reservations.table;
  }

  get failure(): string | undefined {
    return this.#kept.failure ?? this.#attempts.failure;
  }

  get isTaken(): boolean {
    return this.#kept.isTaken;
  }

  /** Why the lease file does not follow the journal, or why its log grows; undefined: neither. Leases are still promised. */
  get trouble(): string | undefined {
    return this.#kept.trouble;
  }

  /** Records that are in the journal and not yet in the lease file. */
  get backlog(): number {
    return this.#files.maintenance.backlog;
  }

  get journalFill(): number {
    return this.#files.journal.fill;
  }

  get lastStoredAt(): Instant {
    return this.#lastStoredAt;
  }

  get lastHeard(): LastHeard {
    return this.#files.lastHeard.value;
  }

  noteLastHeard(lastHeard: LastHeard): void {
    this.#files.lastHeard.note(lastHeard);
  }

  get heardSelections(): readonly HeardSelection[] {
    return this.#files.heardSelections.value;
  }

  noteHeardSelections(selections: readonly HeardSelection[]): void {
    this.#files.heardSelections.note(selections);
  }

  get clockNote(): ClockNote | undefined {
    return this.#files.clockNotes.note;
  }

  noteClock(note: ClockNote): void {
    this.#files.clockNotes.take(
      note,
      clockRowsOf(note, () => this.#history.add()),
    );
  }

  resolveWithoutCommit(change: LeaseChange): 'committed' | 'conflict' | 'needs-commit' {
    if (change.kind === 'binding') return 'needs-commit';
    if (this.#table.conflicts(change)) return 'conflict';
    this.#table.apply(change);
    return 'committed';
  }

  commit(changes: readonly LeaseChange[]): Promise<readonly Outcome[]> {
    return Promise.resolve(this.#commit(changes));
  }

  sweep(now: Instant, limit: number, isOver?: (lease: Lease) => boolean): readonly Lease[] {
    return this.#files.maintenance.isBehind ? [] : this.#table.sweep(now, limit, isOver);
  }

  prepare(ranges: readonly AddressRange[]): boolean {
    return this.#table.prepare(ranges);
  }

  idle(now: Instant): void {
    if (!this.#kept.isSound(now)) return;
    if (this.#attempts.failure === undefined) {
      this.#files.maintenance.idle(now);
      this.#kept.idle(now);
    } else if (this.#attempts.mayBegin(now)) this.#attempt(now, () => this.#testDisk(now));
  }

  carry(milliseconds: number): Promise<boolean> {
    const isWritable = !this.#isClosed && this.#clock !== undefined && this.#kept.failure === undefined;
    if (!isWritable || this.#clock === undefined) return Promise.resolve(false);
    return carry(() => this.#files, this.#clock, milliseconds);
  }

  /**
   * Applies the whole journal to the lease file, however long it takes.
   *
   * @throws Error of SQLite, or if the journal cannot be read.
   */
  flush(): void {
    this.#files.maintenance.makeRoom();
  }

  /** Applies the whole journal, if the disk lets it; the rest is applied at the next start. */
  close(): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true;
      const isSound = this.#kept.finish(this.#lastStoredAt);
      this.#files.maintenance.pause();
      if (isSound) this.#writeLast();
      this.#kept.close();
    }
    return Promise.resolve();
  }

  get #files(): LeaseFiles {
    return this.#kept.files;
  }

  #writeLast(): void {
    this.#files.maintenance.close(this.#lastStoredAt);
    try {
      this.flush();
    } catch {
      // Nothing is lost: it is in the journal.
    }
  }

  #commit(changes: readonly LeaseChange[]): readonly Outcome[] {
    const at = changes[0]?.at ?? this.#lastStoredAt;
    if (this.#kept.failure !== undefined || !this.#attempts.mayBegin(at)) return changes.map(() => 'failed');

    const check = new CommitCheck(this.#table, this.#reservations.table);
    const outcomes: Outcome[] = changes.map((change) => (check.conflicts(change) ? 'conflict' : 'committed'));
    const sound = changes.filter((_, index) => outcomes[index] === 'committed');
    const lastEvent = this.#history.last;
    if (!this.#attempt(at, () => this.#write(sound, at))) {
      this.#history.goBack(lastEvent);
      return changes.map(() => 'failed');
    }
    // Memory moves only now: RFC 2131 §3.1 (4), durable before the DHCPACK leaves.
    for (const change of sound) {
      this.#table.apply(change);
      if (change.kind === 'binding' && change.at > this.#lastStoredAt) this.#lastStoredAt = change.at;
    }
    if (this.#batch.records > 0) this.#files.maintenance.committed(this.#batch.records, at);
    return this.#reservations.commit(changes, outcomes, this.#files.reservationRows);
  }

  /** Writes the records of changes as one batch. They get the versions that memory will count next. */
  #write(changes: readonly LeaseChange[], now: Instant): void {
    this.#batch.begin();
    let version = this.#table.revision;
    for (const change of changes) {
      let wrote = false;
      for (const write of change.writes) {
        const effect = this.#table.effectOf(change, write);
        wrote ||= effect !== 'none';
        if (effect !== 'records' || write.next === 'precondition-only') continue;
        const before = this.#table.recordAt(write.address);
        this.#batch.add(this.#recordOf(write.address, before, write.next, change, version + 1));
      }
      if (wrote) version += 1;
    }
    if (this.#batch.records > 0) this.#append(now);
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
    const { at } = change;
    const reason = historyReason(change);
    const { event, eventId } = this.#history.next(address, before, next, change);
    const isRenewal = event === undefined && before?.client === client && before.state === state;
    return {
      address,
      client,
      hardware,
      granter,
      state,
      expiresAt,
      leaseSeconds,
      updatedAt: at,
      version,
      ids: idsAfter(next, before),
      hostname,
      isRenewal,
      event,
      eventId,
      reason,
    };
  }

  #append(now: Instant): void {
    this.#kept.makeRoom(this.#batch.bytes, now);
    this.#files.journal.append(this.#batch);
  }

  /** Tests the disk with an empty batch. */
  #testDisk(now: Instant): void {
    this.#batch.begin();
    this.#append(now);
  }

  /** False: the write failed, and no lease may be promised until one succeeds. */
  #attempt(now: Instant, write: () => void): boolean {
    this.#table.canPromise = this.#attempts.make(now, write);
    return this.#table.canPromise;
  }
}
