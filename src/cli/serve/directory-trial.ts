import { utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../lease/clock.ts';

/** A file of the directory that is this gateway's alone, and of which nobody reads the times. */
const FILE = 'leases.sqlite.lock';
/** For so long an answer is waited for: milliseconds. */
const PATIENCE = 300;
/** A disk that has not answered for so long hangs: milliseconds. */
const HANGS = 5000;
/** What keeps the leases from being written as well; a missing right to the times does not. */
const FAULTS: Readonly<Record<string, string>> = {
  EROFS: 'its file system is read-only (EROFS)',
  EIO: 'its disk fails (EIO)',
};

/**
 * Tries whether the file system of the leases directory takes writes, for whoever asks how the gateway is: by setting a
 * file's times, off the thread of the packets, which a disk that hangs must not hold.
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

  /** Done when the answer is there, or has been waited for. Never rejects. */
  async tryIt(): Promise<void> {
    this.#underWay ??= this.#try();
    let cancel = () => {};
    const limit = new Promise<void>((resolve) => {
      cancel = this.#clock.after(PATIENCE, resolve);
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
