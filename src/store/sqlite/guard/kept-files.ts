import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Instant } from '../../../lease/lease.ts';
import type { Say } from '../../../log/say.ts';
import { codeOf } from '../disk/error-code.ts';
import { FileWatch } from '../disk/file-watch.ts';
import { connect } from '../file/open-database.ts';
import type { Ownership } from '../file/ownership.ts';
import { journalOf } from '../journal/journal-file.ts';
import { LeaseFiles } from '../maintenance/lease-files.ts';
import { FileGuard } from './file-guard.ts';
import { FollowingHistory } from './following-history.ts';
import { type AnewParts, type MadeAnew, makeAnew, watchedFiles } from './make-anew.ts';

/** How often a file that nobody else can read is opened anew: milliseconds. */
const RETRY = 1000;
/** More than the index of a log needs, and the log itself at first. */
const ROOM_BYTES = 128 * 1024;

export interface KeptFilesParts extends Omit<AnewParts, 'watch'> {
  readonly files: LeaseFiles;
  readonly ownership: Ownership;
  readonly say: Say;
}

/** The files of a store, kept under their names: what is deleted or replaced there is made anew, and its history follows. */
export class KeptFiles {
  readonly #parts: AnewParts;
  readonly #say: Say;
  readonly #guard: FileGuard;
  #files: LeaseFiles;
  readonly #history: FollowingHistory;
  #reopenedAt = Number.NEGATIVE_INFINITY;

  /** `lost`: nothing may be promised from now on. `found`: all is in its place, and may be written. */
  constructor(
    { files, ownership, say, ...anew }: KeptFilesParts,
    lost: () => void,
    found: (now: Instant) => void,
  ) {
    const { file, clock } = anew;
    const watch = new FileWatch([journalOf(file)]);
    watch.remember(watchedFiles(file));
    this.#parts = { ...anew, watch };
    this.#files = files;
    this.#say = say;
    const stop = () => {
      this.#files.maintenance.pause();
      this.#history.pause();
      lost();
    };
    const anewSteps = (now: Instant) => this.#makeAnew(now);
    const whole = () => this.#guard.releaseFormer();
    const written = (now: Instant) => this.#files.written(now);
    this.#history = new FollowingHistory({ file, clock, say, written, whole });
    this.#guard = new FileGuard({
      file,
      watch,
      ownership,
      clock,
      stop,
      makeAnew: anewSteps,
      goOn: found,
    });
  }

  get files(): LeaseFiles {
    return this.#files;
  }

  /** What is lost; undefined: all stands in its place. */
  get failure(): string | undefined {
    return this.#guard.failure;
  }

  /** True: another process has the directory, for as long as this one runs. */
  get isTaken(): boolean {
    return this.#guard.isTaken;
  }

  get trouble(): string | undefined {
    return this.#files.trouble ?? this.#history.failure;
  }

  /** True: what is open may be written. */
  isSound(now: Instant): boolean {
    return this.#guard.isSound(now);
  }

  /** For when no datagram waits: a piece of the history that follows. */
  idle(now: Instant): void {
    if (this.#files.isAlone && Math.abs(now - this.#reopenedAt) >= RETRY) this.#reopen(now);
    this.#history.idle(now);
  }

  /** True: what is open may be written once more, before it is closed. */
  finish(now: Instant): boolean {
    this.#history.pause();
    return this.#guard.finish(now);
  }

  close(): void {
    this.#history.close(this.failure === undefined);
    this.#files.journal.close();
    this.#files.database.close();
    this.#guard.release();
  }

  /** The disk may have room by now for what lets others read the file. */
  #reopen(now: Instant): void {
    const { file, watch } = this.#parts;
    this.#reopenedAt = now;
    const { bavail, bsize } = statfsSync(dirname(file));
    if (bavail * bsize < ROOM_BYTES) return;
    const old = this.#files;
    old.maintenance.pause();
    old.database.close();
    try {
      const connected = connect(file);
      const { applied } = old.applier;
      this.#files = new LeaseFiles({ ...this.#parts, ...connected, journal: old.journal, applied });
      this.#files.takeNotes(old);
      this.#files.maintenance.begin(old.maintenance.backlog, undefined);
      this.#history.turnTo(connected.database);
      watch.remember(watchedFiles(file));
    } catch (error) {
      old.maintenance.failure = codeOf(error); // It is tried again; the journal goes on.
    }
  }

  *#makeAnew(now: Instant): Generator<undefined, void> {
    const old = this.#files;
    const made = yield* makeAnew(this.#parts, old, now);
    this.#files = made.files;
    this.#parts.watch.remember(watchedFiles(this.#parts.file));
    if (made.isNewDatabase) this.#history.follow(old.database, made.files.database);
    this.#sayMade(made);
  }

  #sayMade({ aside, unread }: MadeAnew): void {
    const { file } = this.#parts;
    if (unread !== undefined)
      this.#say(
        'error',
        { file, cause: unread },
        'the lost lease file cannot be read; leases are as memory has them',
      );
    this.#say('warn', { file, aside }, 'the lease files were lost and are made anew, with all leases');
  }
}
