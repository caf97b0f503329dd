import { utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../lease/clock.ts';

/** A file of the directory that only this gateway uses. Nobody reads its times. */
const FILE = 'leases.sqlite.lock';
/** How long a request waits for the result: milliseconds. */
const ANSWER_TIME = 300;
/** A disk that does not answer within this time hangs: milliseconds. */
const HANGS = 5000;
/** Errors that also keep leases from being written. A missing right to change the times does not. */
const FAULTS: Readonly<Record<string, string>> = {
  EROFS: 'its file system is read-only (EROFS)',
  EIO: 'its disk fails (EIO)',
};

/**
 * Finds out for `health` whether the file system of the leases directory accepts writes. It sets a file's times, not on the
 * packets' thread, which a disk that hangs must not block.
 */
export class DirectoryTrial {
  readonly #file: string;
  readonly #clock: Clock;
  readonly #touch: typeof utimes;
  #fault: string | undefined;
  #underWay: Promise<void> | undefined;
  #began = 0;

  constructor(directory: string, clock: Clock, touch = utimes) {
    this.#touch = touch;
    this.#file = join(directory, FILE);
    this.#clock = clock;
  }

  get fault(): string | undefined {
    const seconds = this.#underWay === undefined ? 0 : this.#clock.monotonic() - this.#began;
    return seconds >= HANGS ? `its disk has not answered for ${Math.round(seconds / 1000)} s` : this.#fault;
  }

  /** Resolves with the result, or when the time is over. Never rejects. */
  async tryIt(): Promise<void> {
    this.#underWay ??= this.#try();
    let cancel = () => {};
    const limit = new Promise<void>((resolve) => {
      cancel = this.#clock.after(ANSWER_TIME, resolve);
    });
    await Promise.race([this.#underWay, limit]);
    cancel();
  }

  async #try(): Promise<void> {
    this.#began = this.#clock.monotonic();
    try {
      const seconds = this.#clock.now() / 1000;
      await this.#touch(this.#file, seconds, seconds);
      this.#fault = undefined;
    } catch (error) {
      this.#fault = FAULTS[error instanceof Error && 'code' in error ? String(error.code) : ''];
    }
    this.#underWay = undefined;
  }
}
