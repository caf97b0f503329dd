import { codeOf } from '../../errors.ts';
import type { Instant } from '../../lease/lease.ts';

/** The time between two attempts to write after a failure: milliseconds. */
const TRY_MILLISECONDS = 1000;

/** Writes to the disk. After one that failed, the next is tried a second later at the earliest. */
export class WriteAttempts {
  #failure: string | undefined;
  #lastTry = 0;

  /** Why the last one failed; undefined: it did not. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** False: the last one failed, and too short a while ago. */
  mayBegin(now: Instant): boolean {
    return this.#failure === undefined || Math.abs(now - this.#lastTry) >= TRY_MILLISECONDS;
  }

  /** False: it failed. Never throws. */
  make(now: Instant, write: () => void): boolean {
    try {
      write();
      this.#failure = undefined;
      return true;
    } catch (error) {
      this.#lastTry = now;
      this.#failure = `${codeOf(error)}: ${error instanceof Error ? error.message : String(error)}`;
      return false;
    }
  }
}
