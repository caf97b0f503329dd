import type { Database } from 'better-sqlite3';
import { codeOf } from '../../../errors.ts';
import type { Clock } from '../../../lease/clock.ts';
import type { Instant } from '../../../lease/lease.ts';
import type { Say } from '../../../log/say.ts';
import { HistoryCopy } from '../tables/copy-rows.ts';

/** The pause between two pieces of a history that is copied: milliseconds. */
const NEXT_PIECE = 5;
/** The time between two attempts after a failure: milliseconds. */
const RETRY = 1000;
/** The longest time that a stop waits for the rest of a history: milliseconds. */
const MOST_AT_END = 3000;

export interface FollowingHistoryParts {
  readonly file: string;
  /** Absent: only `idle` copies, one piece each time. */
  readonly clock: Clock | undefined;
  readonly say: Say;
  /** Called after each piece, so that a checkpoint can keep the file's log short. */
  readonly written: (now: Instant) => void;
  /** Called when all is copied: the lost files are not needed any more. */
  readonly whole: () => void;
}

/** Copies the history of lost lease files, which are still open, into the recreated one, in pieces. */
export class FollowingHistory {
  readonly #parts: FollowingHistoryParts;
  readonly #copies: HistoryCopy[] = [];
  #failure: string | undefined;
  #triedAt = Number.NEGATIVE_INFINITY;
  #cancel: (() => void) | undefined;

  constructor(parts: FollowingHistoryParts) {
    this.#parts = parts;
  }

  /** Why the copy does not go on; undefined: it does, or is complete. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** Copies the history of `from` to `to`, and closes `from` at the end. */
  follow(from: Database, to: Database): void {
    this.turnTo(to);
    try {
      this.#copies.unshift(new HistoryCopy(from, to));
    } catch (error) {
      this.#sayUnread(codeOf(error));
      from.close();
    }
  }

  /** Copies the rest to another file. */
  turnTo(to: Database): void {
    for (const copy of this.#copies) copy.turnTo(to);
  }

  /** Copies a piece. Call it when no datagram waits. */
  idle(now: Instant): void {
    const { clock } = this.#parts;
    if (this.#copies.length === 0 || this.#cancel !== undefined) return;
    if (this.#failure !== undefined && Math.abs(now - this.#triedAt) < RETRY) return;
    this.#triedAt = now;
    const goesOn = this.#copyPiece();
    this.#parts.written(now);
    if (!goesOn || clock === undefined) return;
    this.#cancel = clock.after(NEXT_PIECE, () => {
      this.#cancel = undefined;
      this.idle(clock.now());
    });
  }

  pause(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  /** Closes the lost files. `mayWrite`: the rest is copied first, as far as there is time. */
  close(mayWrite: boolean): void {
    this.pause();
    const monotonic = () => this.#parts.clock?.monotonic() ?? 0;
    const end = monotonic() + MOST_AT_END;
    if (mayWrite) while (this.#copyPiece() && monotonic() < end);
    if (this.#copies.length > 0)
      this.#parts.say('warn', {}, 'the history of the lost lease file is not whole');
    for (const copy of this.#copies) copy.close();
  }

  /** Copies a piece. False: nothing is left, or it failed. */
  #copyPiece(): boolean {
    const copy = this.#copies[0];
    if (copy === undefined) return false;
    try {
      copy.step();
      this.#failure = undefined;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#failure = `its history is not whole: ${codeOf(error)}: ${message}`;
      return false;
    }
    if (copy.isDone) this.#end(copy);
    return this.#copies.length > 0;
  }

  #end(copy: HistoryCopy): void {
    const { file, say, whole } = this.#parts;
    if (copy.unread !== undefined) this.#sayUnread(copy.unread);
    copy.close();
    this.#copies.shift();
    if (this.#copies.length > 0) return;
    whole();
    if (copy.unread === undefined) say('info', { file }, 'the history of the lost lease file has followed');
  }

  #sayUnread(cause: string): void {
    const { file, say } = this.#parts;
    say('error', { file, cause }, 'the history of the lost lease file cannot be read');
  }
}
