import { codeOf } from '../../../errors.ts';
import type { Clock } from '../../../lease/clock.ts';
import type { Instant } from '../../../lease/lease.ts';
import type { Say } from '../../../log/say.ts';
import { isFull, refuseFullDisk } from '../disk/disk-error.ts';
import type { Journal } from '../journal/journal.ts';
import { removeUnfinished, writeJournal } from '../journal/journal-file.ts';
import { halfBytesOf } from '../journal/journal-header.ts';
import { RetryPause } from './retry-pause.ts';

/** Milliseconds from the first idle moment to the growth, since guests come first. Once begun, it does not wait for them. */
const GROW_AFTER = 1000;
/** The time between two steps, beside as much as a step has taken: milliseconds. */
const NEXT_STEP = 1;

export interface JournalGrowthParts {
  /** The journal's name. */
  readonly name: string;
  /** Its whole size. */
  readonly bytes: number;
  /** Absent: each idle moment does one step. */
  readonly clock: Clock | undefined;
  readonly say: Say;
  /** The id of the lease file. Throws errors of SQLite. */
  readonly fileId: () => string;
  /**
   * Renames the file that `unfinishedOf` names to the journal's name, and uses it from now on; does nothing while files are lost.
   * Throws errors of SQLite or of the file system.
   */
  readonly replace: (now: Instant) => void;
}

/**
 * The journal that a start makes is small, so that the start need not wait until its whole size is written. This writes a journal
 * of the whole size beside it, in small steps, and has it take the place of the small one. Between two steps guests are answered;
 * a step holds up the thread while 1 MiB is written and synced. If the disk has no room, the small journal stays in use, and the
 * growth is tried again.
 */
export class JournalGrowth {
  readonly #parts: JournalGrowthParts;
  readonly #pause = new RetryPause();
  #idleSince: Instant | undefined;
  #steps: Generator<undefined, void> | undefined;
  #cancel = () => {};
  #hasSaid = false;

  constructor(parts: JournalGrowthParts) {
    this.#parts = parts;
  }

  /** True for a journal that is smaller than the whole size. */
  mayGrow({ halfBytes }: Journal): boolean {
    return halfBytes < halfBytesOf(this.#parts.bytes);
  }

  /** Call it when no datagram waits. */
  idle(now: Instant, journal: Journal): void {
    this.#idleSince ??= now;
    if (this.#steps !== undefined) {
      if (this.#parts.clock === undefined) this.#step(now); // Else they follow by themselves.
      return;
    }
    if (!this.mayGrow(journal) || Math.abs(now - this.#idleSince) < GROW_AFTER || !this.#pause.isOver(now))
      return;
    this.#pause.lengthen();
    this.#begin(now);
  }

  /**
   * Does all of it now, since a batch is longer than a half of the small journal.
   *
   * @throws Error of SQLite or of the file system.
   */
  complete(now: Instant): void {
    const { name, replace } = this.#parts;
    this.stop();
    try {
      for (const _ of this.#writing());
      replace(now);
    } finally {
      removeUnfinished(name);
    }
  }

  /** Ends a growth under way, and removes what is written so far. It may begin again. */
  stop(): void {
    this.#cancel();
    const steps = this.#steps;
    this.#steps = undefined;
    steps?.return();
  }

  #begin(now: Instant): void {
    try {
      this.#steps = this.#writing();
    } catch (error) {
      this.#sayOnce(error);
      return;
    }
    this.#step(now);
  }

  /** @throws Error of SQLite or of the file system; also if the disk has no room for all of it. */
  #writing(): Generator<undefined, void> {
    const { name, bytes, fileId } = this.#parts;
    refuseFullDisk(name, bytes);
    return writeJournal(name, fileId(), bytes);
  }

  #step(now: Instant): void {
    const { clock, replace } = this.#parts;
    const begunAt = clock?.monotonic() ?? 0;
    try {
      if (this.#steps?.next().done === true) {
        this.#steps = undefined;
        replace(now);
      } else if (clock !== undefined) {
        const took = clock.monotonic() - begunAt; // A slow disk leaves guests half of the time.
        this.#cancel = clock.after(NEXT_STEP + took, () => this.#step(clock.now()));
      }
    } catch (error) {
      this.#steps = undefined;
      this.#sayOnce(error);
    }
    if (this.#steps === undefined) removeUnfinished(this.#parts.name);
  }

  #sayOnce(error: unknown): void {
    if (this.#hasSaid) return;
    this.#hasSaid = true;
    const { name, bytes, say } = this.#parts;
    const cause = `${codeOf(error)}: ${error instanceof Error ? error.message : String(error)}`;
    const remedy = `${isFull(codeOf(error)) ? 'make room on its disk' : 'remove the cause'}; it is tried again`;
    say('warn', { journal: name, bytes, cause, remedy }, 'the journal cannot grow; leases are given');
  }
}
