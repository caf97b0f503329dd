import { codeOf, GatewayError } from '../../errors.ts';
import type { ClockNote } from '../../lease/clock-note.ts';
import { type Instant, instant } from '../../lease/lease.ts';
import type { Reservation } from '../../lease/reservation/reservation.ts';
import type {
  KeptLease,
  Mirror,
  MirroredChange,
  MirroredReservation,
  MirrorPosition,
  RevisionTime,
} from '../mirror.ts';
import { ChangeQueue, sayLostRows } from './change-queue.ts';
import { GuardedMirrorFile, type GuardedMirrorFileParts } from './guard/guarded-mirror-file.ts';
import { HistoryRows } from './history/history-rows.ts';
import type { Lacking, MirrorFile } from './maintenance/mirror-file.ts';
import { clockRowsOf } from './notes/clock-notes.ts';
import { readMirrorPosition } from './notes/mirror-position.ts';
import type { Opening } from './opening.ts';
import { rowsOfMirrored } from './reservation-commits.ts';
import { readReservationRows } from './tables/reservation-rows.ts';
import { KEPT_LEASE_ROW, keptLeaseFromRow } from './tables/rows.ts';

/** A few changes are written after this time: milliseconds. */
const WRITE_AFTER = 50;
const FEW_CHANGES = 32;
/** Many at a time share pages, and are written together after this time: milliseconds. */
const WRITE_MANY_AFTER = 500;
/** Notes are written after this time, and a write that failed is tried again: milliseconds. */
const LATER = 1000;
/** The most changes of one transaction. */
const MOST_CHANGES = 256;

export interface SqliteMirrorParts extends Omit<GuardedMirrorFileParts, 'file'> {
  readonly opening: Opening;
}

/**
 * The lease file of a node whose gateway shares its leases: all leases of the segment with their history, and how fresh they
 * are. Each transaction writes changes and the revision that they reach, so the file always matches a revision. It is not
 * synced: a change that a loss of power takes comes again from etcd. Only the note about the clock is synced.
 */
export class SqliteMirror implements Mirror {
  readonly opening: Opening;
  readonly #clock: GuardedMirrorFileParts['clock'];
  readonly #say: GuardedMirrorFileParts['say'];
  readonly #kept: GuardedMirrorFile;
  readonly #changes = new ChangeQueue();
  /** Changed reservations that are not in the file. */
  #reservationChanges: MirroredReservation[] = [];
  #position: MirrorPosition | undefined;
  #seenAt: Instant = instant(0);
  #hasQuorum = false;
  #isNoted = true;
  /** All leases have been put since that loss. */
  #completed: Lacking | undefined;
  readonly #history: HistoryRows;
  #failure: string | undefined;
  #cancel: (() => void) | undefined;
  #dueAt = 0;
  #flushedAt = Number.NEGATIVE_INFINITY;
  /** The history has rows to count, or too many. */
  #isPruning = false;
  /** True: the last transaction did not take all changes. */
  #isGoingOn = false;

  constructor({ opening, ...kept }: SqliteMirrorParts) {
    const { clock, say } = kept;
    const { database } = kept.connected;
    this.opening = opening;
    this.#clock = clock;
    this.#say = say;
    this.#kept = new GuardedMirrorFile({ ...kept, file: opening.file });
    this.#position = readMirrorPosition(database);
    this.#history = new HistoryRows(
      Number(database.prepare('SELECT max(id) FROM history').pluck().get() ?? 0),
    );
    this.#seenAt = instant(Number(database.prepare('SELECT seen_at FROM mirror').pluck().get() ?? 0));
  }

  get #file(): MirrorFile {
    return this.#kept.current;
  }

  get position(): MirrorPosition | undefined {
    return this.#position;
  }

  get trouble(): string | undefined {
    return this.#kept.failure ?? this.#failure ?? this.#kept.trouble;
  }

  get clockNote(): ClockNote | undefined {
    return this.#file.clockNotes.note;
  }

  noteClock(note: ClockNote): void {
    this.#file.clockNotes.take(
      note,
      clockRowsOf(note, () => this.#history.add()),
    );
    this.#schedule(LATER);
  }

  leases(): readonly KeptLease[] {
    this.#flush(Number.POSITIVE_INFINITY);
    const rows = this.#file.database
      .prepare(`SELECT ${KEPT_LEASE_ROW.join(', ')} FROM lease ORDER BY address`)
      .raw()
      .all();
    return (rows as readonly (readonly unknown[])[]).flatMap((row) => keptLeaseFromRow(row) ?? []);
  }

  put(change: MirroredChange): void {
    this.#changes.push(change);
    this.#isNoted = false;
    this.#schedule(WRITE_AFTER);
  }

  reservations(): readonly Reservation[] {
    this.#flush(Number.POSITIVE_INFINITY);
    return readReservationRows(this.#file.database).found;
  }

  putReservation(change: MirroredReservation): void {
    this.#reservationChanges.push(change);
    this.#isNoted = false;
    this.#schedule(WRITE_AFTER);
  }

  reached(position: MirrorPosition): void {
    const before = this.#position;
    if (before?.revision === position.revision && before.generation === position.generation) return;
    this.#position = position;
    this.#isNoted = false;
    this.#schedule(WRITE_AFTER);
  }

  /** Writes all that was put, however long it takes. False: it failed. */
  writeAll(): boolean {
    this.#flush(Number.POSITIVE_INFINITY);
    return this.#changes.size === 0 && this.#reservationChanges.length === 0;
  }

  /** The loss after which the file has not all leases; undefined: it has. */
  get lacking(): Lacking | undefined {
    return this.#file.lacking;
  }

  /** All leases have been put since that loss. */
  complete(loss: Lacking): void {
    this.#completed = loss;
    this.#isNoted = false;
    this.#schedule(WRITE_AFTER);
  }

  noteQuorum(hasQuorum: boolean, now: Instant): void {
    if (hasQuorum) this.#seenAt = now;
    this.#hasQuorum = hasQuorum;
    this.#isNoted = false;
    this.#schedule(LATER);
  }

  get revisionTimes(): readonly RevisionTime[] {
    return this.#file.revisionTimes.notes;
  }

  noteRevisionTimes(notes: readonly RevisionTime[]): void {
    this.#file.revisionTimes.take(notes);
    this.#isNoted = false;
    this.#schedule(LATER);
  }

  /**
   * Ends the sharing: the file's leases are its own from now on.
   *
   * @throws GatewayError 'store-failed'; Error of SQLite.
   */
  leave(): void {
    this.#cancel?.();
    this.#flush(Number.POSITIVE_INFINITY);
    const failure = this.#kept.failure ?? this.#failure;
    if (failure !== undefined)
      throw new GatewayError('store-failed', `${this.opening.file}: ${failure}: see to the disk (df, dmesg)`);
    this.#position = undefined;
    this.#file.database.pragma('synchronous = FULL');
    this.#file.database.exec("DELETE FROM mirror; DELETE FROM meta WHERE key = 'known'");
  }

  close(): void {
    this.#cancel?.();
    this.#hasQuorum = false;
    this.#isNoted = this.#position === undefined;
    if (this.#kept.finish(this.#clock.now())) this.#flush(Number.POSITIVE_INFINITY);
    this.#kept.close();
  }

  #schedule(milliseconds: number): void {
    const dueAt = this.#clock.monotonic() + milliseconds;
    if (this.#cancel !== undefined && this.#dueAt <= dueAt) return;
    this.#cancel?.();
    this.#dueAt = dueAt;
    this.#cancel = this.#clock.after(milliseconds, () => {
      this.#cancel = undefined;
      const isSoon = this.#clock.monotonic() - this.#flushedAt < WRITE_MANY_AFTER;
      if (this.#changes.size > FEW_CHANGES && isSoon && !this.#isGoingOn) {
        this.#schedule(WRITE_MANY_AFTER);
        return;
      }
      this.#flush(MOST_CHANGES);
      this.#flushedAt = this.#clock.monotonic();
      this.#isGoingOn = this.#changes.size > 0;
      if (this.#failure !== undefined) this.#schedule(LATER);
      else if (this.#changes.size > 0 || this.#isPruning) this.#schedule(1);
    });
  }

  /** Writes up to `most` changes. After a failure they stay, and are tried again. */
  #flush(most: number): void {
    const isDue = this.#changes.size > 0 || !this.#isNoted || this.#file.clockNotes.isDue;
    if (!isDue && !this.#isPruning) return;
    this.#failure = this.#kept.failure;
    if (this.#failure !== undefined) return;
    const now = this.#clock.now();
    const lastEvent = this.#history.last;
    try {
      const taken = this.#changes.first(most);
      this.#file.writer.begin();
      for (const change of taken) this.#write(change);
      this.#writeReservations();
      if (taken.length === this.#changes.size) this.#writePosition();
      this.#file.retention.pruneExcess();
      this.#file.writer.commit();
      this.#writeClock();
      this.#changes.drop(taken.length);
      this.#reservationChanges = [];
      this.#isNoted = this.#changes.size === 0;
      this.#failure = undefined;
      sayLostRows(this.#changes, this.#say);
      this.#file.checkpoints.afterCommit(now);
      this.#file.checkpoints.idle(now);
      this.#isPruning = this.#file.retention.prune(now);
    } catch (error) {
      this.#isPruning = false;
      this.#file.writer.rollBack();
      this.#history.goBack(lastEvent);
      this.#file.retention.countAnew();
      this.#failure = `${codeOf(error)}: ${error instanceof Error ? error.message : String(error)}`;
    }
  }

  /** They are few, and go with the first leases. */
  #writeReservations(): void {
    for (const change of this.#reservationChanges)
      this.#file.reservationRows.write(rowsOfMirrored(change, this.#clock.now(), () => this.#history.add()));
  }

  /** Syncs the note about the clock, which etcd does not have. */
  #writeClock(): void {
    if (!this.#file.clockNotes.isDue) return;
    this.#file.clockNotes.write();
    this.#file.writer.sync();
  }

  #writePosition(): void {
    const position = this.#position;
    if (this.#completed !== undefined) this.#file.complete(this.#completed);
    if (position === undefined || this.#file.lacking !== undefined) return;
    const { segment, generation, revision } = position;
    this.#file.note.run(segment, generation, revision, this.#seenAt, this.#hasQuorum ? 1 : 0);
    this.#file.revisionTimes.write();
  }

  #write({ before, after, reason }: MirroredChange): void {
    const { address, client, state, updatedAt: at, node } = after;
    if (state === 'offered') return;
    const { event, eventId } = this.#history.next(address, before, { client, state }, { at, reason });
    const isRenewal = event === undefined && before?.client === client && before.state === state;
    const record = { ...after, state, isRenewal, event, eventId, reason };
    const name = node === '' ? null : node;
    const { writer, retention } = this.#file;
    writer.put(record, name);
    if (event !== undefined) retention.count(record, writer.addToHistory(record, name));
  }
}
