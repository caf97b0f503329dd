import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Instant } from '../../lease/lease.ts';
import { HistoryCopy } from './copy-rows.ts';
import { codeOf } from './directory.ts';
import { FileGuard, type Say } from './file-guard.ts';
import { FileWatch } from './file-watch.ts';
import { journalOf } from './journal-file.ts';
import { LeaseFiles } from './lease-files.ts';
import { type AnewParts, type MadeAnew, makeAnew, watchedFiles } from './make-anew.ts';
import { connect } from './open-database.ts';
import type { Ownership } from './ownership.ts';

/** Between two pieces of a history that follows, beside the packets: milliseconds. */
const NEXT_PIECE = 5;
/** After a failure the next piece is tried after so long: milliseconds. */
const RETRY = 1000;
/** More than the index of a log needs, and the log itself at first. */
const ROOM_BYTES = 128 * 1024;
/** Who ends the gateway waits so long for a history that follows: milliseconds. */
const MOST_AT_END = 3000;

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
  /** Of files that are gone, into the one that is there. */
  readonly #histories: HistoryCopy[] = [];
  #historyFailure: string | undefined;
  #historyAt = Number.NEGATIVE_INFINITY;
  #cancelHistory: (() => void) | undefined;
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
      this.#files.upkeep.pause();
      this.#pauseHistory();
      lost();
    };
    const anewSteps = (now: Instant) => this.#makeAnew(now);
    this.#guard = new FileGuard({
      file,
      watch,
      ownership,
      clock,
      say,
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

  get trouble(): string | undefined {
    return this.#files.trouble ?? this.#historyFailure;
  }

  /** True: what is open may be written. */
  isSound(now: Instant): boolean {
    return this.#guard.isSound(now);
  }

  /** For when no datagram waits: a piece of the history that follows. */
  idle(now: Instant): void {
    if (this.#files.isAlone && Math.abs(now - this.#reopenedAt) >= RETRY) this.#reopen(now);
    if (this.#histories.length === 0 || this.#cancelHistory !== undefined) return;
    if (this.#historyFailure !== undefined && Math.abs(now - this.#historyAt) < RETRY) return;
    this.#historyAt = now;
    if (this.#copyPiece() && this.#parts.clock !== undefined) {
      this.#cancelHistory = this.#parts.clock.after(NEXT_PIECE, () => {
        this.#cancelHistory = undefined;
        this.idle(now);
      });
    }
  }

  /** True: what is open may be written once more, before it is closed. */
  finish(now: Instant): boolean {
    this.#pauseHistory();
    return this.#guard.finish(now);
  }

  close(): void {
    const clock = this.#parts.clock;
    const end = (clock?.monotonic() ?? 0) + MOST_AT_END;
    if (this.failure === undefined) while (this.#copyPiece() && (clock?.monotonic() ?? 0) < end);
    if (this.#histories.length > 0) this.#say('warn', {}, 'the history of the lost lease file is not whole');
    for (const history of this.#histories) history.close();
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
    old.upkeep.pause();
    old.database.close();
    try {
      const connected = connect(file);
      const { carried } = old.carryOver;
      this.#files = new LeaseFiles({ ...this.#parts, ...connected, journal: old.journal, carried });
      this.#files.takeNotes(old);
      this.#files.upkeep.begin(old.upkeep.backlog, undefined);
      for (const history of this.#histories) history.turnTo(connected.database);
      watch.remember(watchedFiles(file));
    } catch (error) {
      old.upkeep.failure = codeOf(error); // It is tried again; the journal goes on.
    }
  }

  *#makeAnew(now: Instant): Generator<undefined, void> {
    const old = this.#files;
    const made = yield* makeAnew(this.#parts, old, now);
    this.#files = made.files;
    this.#parts.watch.remember(watchedFiles(this.#parts.file));
    if (made.isNewDatabase) this.#follow(old, made.files);
    this.#sayMade(made);
  }

  #follow(old: LeaseFiles, { database }: LeaseFiles): void {
    for (const history of this.#histories) history.turnTo(database);
    try {
      this.#histories.unshift(new HistoryCopy(old.database, database));
    } catch (error) {
      this.#say('error', { cause: codeOf(error) }, 'the history of the lost lease file cannot be read');
      old.database.close();
    }
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

  /** False: there is nothing to do now. */
  #copyPiece(): boolean {
    const history = this.#histories[0];
    if (history === undefined) return false;
    try {
      history.step();
      this.#historyFailure = undefined;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#historyFailure = `its history is not whole: ${codeOf(error)}: ${message}`;
      return false;
    }
    if (history.isDone) this.#endCopy(history);
    return this.#histories.length > 0;
  }

  #endCopy(history: HistoryCopy): void {
    const { file } = this.#parts;
    if (history.unread !== undefined)
      this.#say(
        'error',
        { file, cause: history.unread },
        'the history of the lost lease file cannot be read',
      );
    history.close();
    this.#histories.shift();
    if (this.#histories.length > 0) return;
    this.#guard.releaseFormer();
    if (history.unread === undefined)
      this.#say('info', { file }, 'the history of the lost lease file has followed');
  }

  #pauseHistory(): void {
    this.#cancelHistory?.();
    this.#cancelHistory = undefined;
  }
}
