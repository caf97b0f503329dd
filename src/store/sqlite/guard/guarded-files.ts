import { codeOf } from '../../../errors.ts';
import type { Instant } from '../../../lease/lease.ts';
import type { Say } from '../../../log/say.ts';
import { hasRoomForIndex } from '../disk/disk-error.ts';
import { FileWatch } from '../disk/file-watch.ts';
import { type Connected, connectFile, fileIdOf, waitAsUsual } from '../file/open-database.ts';
import type { Ownership } from '../file/ownership.ts';
import { Journal } from '../journal/journal.ts';
import { journalOf, putInPlace, unfinishedOf } from '../journal/journal-file.ts';
import { LeaseFiles } from '../maintenance/lease-files.ts';
import { FileGuard } from './file-guard.ts';
import { FollowingHistory } from './following-history.ts';
import { JournalGrowth } from './journal-growth.ts';
import { logFilesOf } from './move-aside.ts';
import { type Recreated, type RecreateParts, recreate, watchedFiles } from './recreate.ts';
import { RetryPause } from './retry-pause.ts';

export interface GuardedFilesParts extends Omit<RecreateParts, 'watch'> {
  readonly files: LeaseFiles;
  readonly ownership: Ownership;
  readonly say: Say;
}

/** The files of a store, with their guard: lost files are recreated, their history is copied, and a small journal grows. */
export class GuardedFiles {
  readonly #parts: RecreateParts;
  readonly #say: Say;
  readonly #guard: FileGuard;
  #files: LeaseFiles;
  readonly #history: FollowingHistory;
  readonly #reopening = new RetryPause();
  readonly #growth: JournalGrowth;

  /**
   * @param lost Called when a file is lost: no lease may be promised from then on.
   * @param found Called when all files are under their names again, and may be written.
   */
  constructor(
    { files, ownership, say, ...recreateParts }: GuardedFilesParts,
    lost: () => void,
    found: (now: Instant) => void,
  ) {
    const { file, clock } = recreateParts;
    const watch = new FileWatch([journalOf(file)]);
    watch.remember(watchedFiles(file));
    this.#parts = { ...recreateParts, watch };
    this.#files = files;
    this.#say = say;
    const stop = () => {
      this.#files.maintenance.pause();
      this.#history.pause();
      this.#growth.stop();
      lost();
    };
    const recreateSteps = (at: Instant, lost: string) => this.#recreate(at, lost);
    const whole = () => this.#guard.releaseFormer();
    const written = (now: Instant) => this.#files.written(now);
    this.#history = new FollowingHistory({ file, clock, say, written, whole });
    this.#growth = new JournalGrowth({
      ...{ name: journalOf(file), bytes: recreateParts.journalBytes, clock, say },
      fileId: () => fileIdOf(this.#files.database),
      replace: (now) => this.#takeLargerJournal(now),
    });
    this.#guard = new FileGuard({
      file,
      watch,
      ownership,
      clock,
      stop,
      recreate: recreateSteps,
      goOn: found,
    });
  }

  get files(): LeaseFiles {
    return this.#files;
  }

  /** What is lost; undefined: nothing. */
  get failure(): string | undefined {
    return this.#guard.failure;
  }

  /** True: another process has taken the lease file, and this one never writes again. */
  get isTaken(): boolean {
    return this.#guard.isTaken;
  }

  get trouble(): string | undefined {
    return this.#files.trouble ?? this.#history.failure;
  }

  /** True: the open files may be written. */
  isSound(now: Instant): boolean {
    return this.#guard.isSound(now);
  }

  /** Copies a piece of a lost file's history. Call it when no datagram waits. */
  idle(now: Instant): void {
    if (this.#files.isAlone && this.#reopening.isOver(now)) this.#reopen();
    this.#history.idle(now);
    // A lease file that does not follow keeps the small journal in use.
    if (this.#files.maintenance.failure === undefined) this.#growth.idle(now, this.#files.journal);
  }

  /**
   * Makes room for a batch of this many bytes in the journal.
   *
   * @throws Error of SQLite or of the file system, or if the journal cannot be read.
   */
  makeRoom(bytes: number, now: Instant): void {
    const { journal } = this.#files;
    if (journal.hasRoomFor(bytes)) return;
    if (bytes > journal.halfBytes && this.#growth.mayGrow(journal)) this.#growth.complete(now);
    else this.#files.maintenance.makeRoom();
  }

  /** Call it before `close`. True: the open files may be written once more. */
  finish(now: Instant): boolean {
    this.#history.pause();
    this.#growth.stop();
    return this.#guard.finish(now);
  }

  close(): void {
    this.#history.close(this.failure === undefined);
    this.#files.journal.close();
    this.#files.database.close();
    this.#guard.release();
  }

  /**
   * Reopens the file if the disk has room now for the index that lets other processes read it. If it cannot be opened, its log
   * is not lost: SQLite deletes that with the last connection, also with another program's. It does not wait for another program
   * that has the file, since datagrams would wait too.
   */
  #reopen(): void {
    const { file, watch } = this.#parts;
    const old = this.#files;
    let connected: Connected | undefined;
    try {
      if (!hasRoomForIndex(file)) return;
      this.#reopening.lengthen();
      old.maintenance.pause();
      old.database.close();
      watch.forget(logFilesOf(file));
      connected = connectFile(file, 0);
      const { applied } = old.applier;
      const reopened = new LeaseFiles({ ...this.#parts, ...connected, journal: old.journal, applied });
      reopened.takeNotes(old);
      this.#history.turnTo(connected.database);
      waitAsUsual(connected.database);
      this.#files = reopened;
      reopened.maintenance.begin(old.maintenance.backlog, undefined);
      watch.remember(logFilesOf(file));
    } catch (error) {
      connected?.database.close();
      old.maintenance.failure = codeOf(error); // It is tried again; the journal goes on.
    }
  }

  /**
   * Puts the journal that was written beside the one in use in its place, unless files are lost. All that was committed is in
   * the lease file by then.
   *
   * @throws Error of SQLite or of the file system.
   */
  #takeLargerJournal(now: Instant): void {
    const { file, watch } = this.#parts;
    const old = this.#files;
    const name = journalOf(file);
    old.maintenance.makeRoom();
    this.#guard.lookAgain(now); // Else it could take the place of a file that is not ours.
    if (this.failure !== undefined) return;
    old.maintenance.pause();
    const { applied } = old.applier;
    const { database, isAlone } = old;
    const { run } = old.journal;
    const journal = new Journal(unfinishedOf(name), {
      fileId: fileIdOf(database),
      applied,
      run,
      isNew: true,
    });
    try {
      const files = new LeaseFiles({ ...this.#parts, database, isAlone, applied, journal });
      files.takeNotes(old);
      const renamed = watch.renaming(unfinishedOf(name), name);
      putInPlace(name);
      renamed(); // Nothing that may fail comes between the name and its use.
      this.#files = files;
    } catch (error) {
      journal.close();
      this.#guard.lookAgain(now); // Where the old one has lost its name, nothing may be promised with it.
      throw error;
    }
    old.journal.close();
  }

  *#recreate(now: Instant, lost: string): Generator<undefined, void> {
    const old = this.#files;
    const made = yield* recreate(this.#parts, old, now);
    this.#files = made.files;
    this.#parts.watch.remember(watchedFiles(this.#parts.file));
    if (made.isNewDatabase) this.#history.follow(old.database, made.files.database);
    this.#sayRecreated(made, lost);
  }

  #sayRecreated({ aside, unread }: Recreated, lost: string): void {
    const { file } = this.#parts;
    if (unread !== undefined)
      this.#say(
        'error',
        { file, cause: unread },
        'the lost lease file cannot be read; leases are as memory has them',
      );
    this.#say('warn', { file, lost, aside }, 'the lease files were lost and are made anew, with all leases');
  }
}
