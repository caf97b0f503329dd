import type { Database } from 'better-sqlite3';
import type { Clock } from '../../../lease/clock.ts';
import type { Instant } from '../../../lease/lease.ts';
import type { Say } from '../../../log/say.ts';
import { codeOf } from '../disk/error-code.ts';
import { HistoryCopy } from '../tables/copy-rows.ts';

/** Between two pieces of a history that follows, beside the packets: milliseconds. */
const NEXT_PIECE = 5;
/** After a failure the next piece is tried after so long: milliseconds. */
const RETRY = 1000;
/** Who ends the gateway waits so long for a history that follows: milliseconds. */
const MOST_AT_END = 3000;

export interface FollowingHistoryParts {
  readonly file: string;
  /** Absent: each call of `idle` copies a piece, and no other. */
  readonly clock: Clock | undefined;
  readonly say: Say;
  /** After each piece: what is in the file's log is not to grow until it holds up the packets. */
  readonly written: (now: Instant) => void;
  /** Files that are gone are needed no more. */
  readonly whole: () => void;
}

/** The history of lease files that are gone and still open, on its way into the one that was made anew. */
export class FollowingHistory {
  readonly #parts: FollowingHistoryParts;
  readonly #copies: HistoryCopy[] = [];
  #failure: string | undefined;
  #triedAt = Number.NEGATIVE_INFINITY;
  #cancel: (() => void) | undefined;

  constructor(parts: FollowingHistoryParts) {
    this.#parts = parts;
  }

  /** Why it does not go on; undefined: it does, or it is whole. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** `from` is closed when all of it is copied. */
  follow(from: Database, to: Database): void {
    this.turnTo(to);
    try {
      this.#copies.unshift(new HistoryCopy(from, to));
    } catch (error) {
      this.#sayUnread(codeOf(error));
      from.close();
    }
  }

  /** What is left goes to another file. */
  turnTo(to: Database): void {
    for (const copy of this.#copies) copy.turnTo(to);
  }

  /** For when no datagram waits: a piece. */
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

  /** At the end; `mayWrite`: what is left is copied, as far as there is time. */
  close(mayWrite: boolean): void {
    this.pause();
    const monotonic = () => this.#parts.clock?.monotonic() ?? 0;
    const end = monotonic() + MOST_AT_END;
    if (mayWrite) while (this.#copyPiece() && monotonic() < end);
    if (this.#copies.length > 0)
      this.#parts.say('warn', {}, 'the history of the lost lease file is not whole');
    for (const copy of this.#copies) copy.close();
  }

  /** False: there is nothing to do now. */
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
