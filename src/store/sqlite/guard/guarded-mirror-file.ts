import { rmSync } from 'node:fs';
import type { Database } from 'better-sqlite3';
import type { Clock } from '../../../lease/clock.ts';
import type { Instant } from '../../../lease/lease.ts';
import type { Say } from '../../../log/say.ts';
import { hasRoomForIndex } from '../disk/disk-error.ts';
import { FileWatch } from '../disk/file-watch.ts';
import { type Connected, connectFile, fileIdOf, openDatabase } from '../file/open-database.ts';
import type { Ownership } from '../file/ownership.ts';
import type { RetentionOptions } from '../history/retention.ts';
import { type Lacking, MirrorFile } from '../maintenance/mirror-file.ts';
import { copyLeases } from '../tables/copy-rows.ts';
import { MIGRATIONS } from '../tables/schema.ts';
import { FileGuard } from './file-guard.ts';
import { FollowingHistory } from './following-history.ts';
import { DATABASE_SUFFIXES, logFilesOf, moveDatabaseAside } from './move-aside.ts';
import { RetryPause } from './retry-pause.ts';

/** How often the names are looked at: milliseconds. */
const LOOK = 1000;

export interface GuardedMirrorFileParts {
  readonly file: string;
  readonly connected: Connected;
  readonly ownership: Ownership;
  readonly history: RetentionOptions;
  readonly clock: Clock;
  readonly say: Say;
}

/** The lease file of a mirror, with its guard: a lost file is recreated, and its history is copied. */
export class GuardedMirrorFile {
  readonly #parts: GuardedMirrorFileParts;
  readonly #watch = new FileWatch();
  readonly #guard: FileGuard;
  readonly #history: FollowingHistory;
  readonly #reopening = new RetryPause();
  #current: MirrorFile;
  #losses = 0;
  #cancelLook: () => void = () => {};

  constructor(parts: GuardedMirrorFileParts) {
    const { file, connected, ownership, history, clock, say } = parts;
    this.#parts = parts;
    this.#current = new MirrorFile(connected, history);
    this.#watch.remember(watchedFiles(file));
    const whole = () => this.#guard.releaseFormer();
    const written = (now: Instant) => this.#current.checkpoints.afterCommit(now);
    this.#history = new FollowingHistory({ file, clock, say, written, whole });
    this.#guard = new FileGuard({
      file,
      watch: this.#watch,
      ownership,
      clock,
      stop: () => this.#history.pause(),
      recreate: (now, lost) => this.#recreate(now, lost),
      goOn: () => {},
    });
    this.#scheduleLook();
  }

  get current(): MirrorFile {
    return this.#current;
  }

  /** What is lost, so that nothing may be written; undefined: nothing. */
  get failure(): string | undefined {
    return this.#guard.failure;
  }

  get trouble(): string | undefined {
    return this.#current.trouble ?? this.#history.failure;
  }

  /** Call it before `close`. True: the file may be written once more. */
  finish(now: Instant): boolean {
    this.#cancelLook();
    this.#history.pause();
    return this.#guard.finish(now);
  }

  close(): void {
    this.#history.close(this.failure === undefined);
    this.#current.database.close();
    this.#guard.release();
  }

  #scheduleLook(): void {
    const { clock } = this.#parts;
    this.#cancelLook = clock.after(LOOK, () => {
      if (this.#guard.isSound(clock.now())) {
        if (this.#current.isAlone && this.#reopening.isOver(clock.now())) this.#reopen();
        this.#history.idle(clock.now());
      }
      this.#scheduleLook();
    });
  }

  /**
   * Reopens the file if the disk has room now for the index that lets other processes read it. If it cannot be opened, its log
   * is not lost: SQLite deletes that with the last connection, also with another program's.
   */
  #reopen(): void {
    const { file, history } = this.#parts;
    let connected: Connected | undefined;
    try {
      if (!hasRoomForIndex(file)) return;
      this.#reopening.lengthen();
      const old = this.#current;
      old.database.close();
      this.#watch.forget(logFilesOf(file));
      connected = connectFile(file);
      const reopened = new MirrorFile(connected, history, old.lacking);
      reopened.takeNotes(old);
      this.#history.turnTo(reopened.database);
      this.#current = reopened;
      this.#watch.remember(logFilesOf(file));
    } catch {
      connected?.database.close(); // It is tried again later; changes wait until then.
    }
  }

  *#recreate(now: Instant, lost: string): Generator<undefined, void> {
    const { file, history, say } = this.#parts;
    if (DATABASE_SUFFIXES.some((suffix) => this.#watch.lossOf(file + suffix) !== undefined)) {
      const old = this.#current;
      const aside = moveDatabaseAside(file, this.#watch, now);
      const connected = openDatabase(file, now, MIGRATIONS);
      const { database } = connected;
      try {
        const isRead = yield* fill(database, old.database);
        this.#current = new MirrorFile(connected, history, this.#lackingAfter(old, isRead));
      } catch (error) {
        database.close();
        for (const suffix of DATABASE_SUFFIXES) rmSync(file + suffix, { force: true });
        throw error;
      }
      this.#current.takeNotes(old);
      this.#history.follow(old.database, database);
      this.#sayRecreated(lost, aside);
    } else say('warn', { file, lost }, 'the lock of the lease file was lost and is made anew');
    this.#watch.remember(watchedFiles(file));
  }

  /** What the file of before lacked and is not put yet, this one lacks too. */
  #lackingAfter({ lacking }: MirrorFile, isRead: boolean): Lacking | undefined {
    if (isRead) return lacking;
    this.#losses += 1;
    return this.#losses;
  }

  #sayRecreated(lost: string, aside: readonly string[]): void {
    const { file, say } = this.#parts;
    if (this.#current.lacking === undefined)
      say(
        'warn',
        { file, lost, aside },
        'the lease file was lost and is made anew, with all leases that it had',
      );
    else
      say(
        'error',
        { file, lost, aside },
        'the lost lease file of the mirror cannot be read; leases are as memory has them',
      );
  }
}

/** Copies all leases. False: not all of them could be read. */
function* fill(to: Database, from: Database): Generator<undefined, boolean> {
  fileIdOf(to);
  to.exec('BEGIN IMMEDIATE');
  let isWhole = true;
  try {
    yield* copyLeases(from, to);
  } catch (error) {
    if (!to.inTransaction) throw error; // The new file failed.
    isWhole = false;
    to.exec('DELETE FROM mirror');
  }
  to.exec('COMMIT');
  return isWhole;
}

function watchedFiles(file: string): readonly string[] {
  return [...DATABASE_SUFFIXES.map((suffix) => file + suffix), `${file}.lock`];
}
