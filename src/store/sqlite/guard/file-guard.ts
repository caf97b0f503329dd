import { dirname } from 'node:path';
import { codeOf, GatewayError } from '../../../errors.ts';
import type { Clock } from '../../../lease/clock.ts';
import type { Instant } from '../../../lease/lease.ts';
import { prepareDirectory } from '../disk/directory.ts';
import type { FileWatch } from '../disk/file-watch.ts';
import { type Ownership, takeOwnership } from '../file/ownership.ts';

/** The least time between two looks at the files' names. The server calls once a second: milliseconds. */
const LOOK = 400;
/** The time between two attempts to recreate files: milliseconds. */
const RETRY = 900;
/** The longest piece of work between two packets, and the pause before the next: milliseconds. */
const SLICE = 5;
const NEXT_SLICE = 1;

export interface FileGuardParts {
  readonly file: string;
  readonly watch: FileWatch;
  readonly ownership: Ownership;
  /** Absent: files are recreated at once, not in steps. */
  readonly clock: Clock | undefined;
  /** Called when a loss is found: nothing may be written to the open files. */
  readonly stop: () => void;
  /**
   * Recreates the lost files in steps, uses them at the end, and logs it. `lost`: which files, and how. Throws errors of
   * SQLite or of the file system.
   */
  readonly recreate: (now: Instant, lost: string) => Generator<undefined, void>;
  /** Called when all files are under their names again, and may be written. */
  readonly goOn: (now: Instant) => void;
}

/**
 * Detects within a second that a lease file, or its directory, was deleted, renamed or replaced under the running process.
 * Then nothing is written. At the next look, when whoever moves several files has finished, it recreates the lost ones. If
 * another process has the lock by then, this one never writes again: the other may have promised leases since.
 */
export class FileGuard {
  readonly #parts: FileGuardParts;
  /** The newest is of the file that is under the name now; earlier ones are of files that are still open. */
  readonly #ownerships: Ownership[];
  #lookedAt = Number.NEGATIVE_INFINITY;
  #triedAt = Number.NEGATIVE_INFINITY;
  #losses = '';
  #failure: string | undefined;
  #isTaken = false;
  #steps: Generator<undefined, void> | undefined;
  #cancel: (() => void) | undefined;

  constructor(parts: FileGuardParts) {
    this.#parts = parts;
    this.#ownerships = [parts.ownership];
  }

  /** What is lost, and why it is not recreated yet; undefined: nothing is lost. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** True: another process has taken the lease file, and this one never writes again. */
  get isTaken(): boolean {
    return this.#isTaken;
  }

  /** Looks at the names, if it is time. True: the open files may be written. */
  isSound(now: Instant): boolean {
    if (this.#steps !== undefined || this.#isTaken) return false;
    if (Math.abs(now - this.#lookedAt) < LOOK) return this.#failure === undefined;
    this.#lookedAt = now;
    this.#look(now);
    return this.#failure === undefined;
  }

  /** Looks at the names now, whether or not it is time. */
  lookAgain(now: Instant): void {
    if (this.#steps === undefined && !this.#isTaken) this.#look(now);
  }

  /** Before closing: recreates lost files, however long it takes. True: the open files may be written. */
  finish(now: Instant): boolean {
    this.#cancel?.();
    if (this.#isTaken) return false;
    if (this.#steps === undefined) {
      this.#look(now);
      if (this.#failure !== undefined && this.#steps === undefined) this.#begin(now);
    }
    this.#goOn(now, Number.POSITIVE_INFINITY);
    return this.#failure === undefined;
  }

  /** Releases the ownership of files that are not open any more. */
  releaseFormer(): void {
    for (const former of this.#ownerships.splice(0, this.#ownerships.length - 1)) former.release();
  }

  release(): void {
    for (const each of this.#ownerships.splice(0)) each.release();
  }

  #look(now: Instant): void {
    const losses = this.#parts.watch.losses().join(', ');
    const isNew = this.#failure === undefined;
    if (losses === '') {
      if (!isNew) this.#isWhole(now);
      return;
    }
    this.#losses = losses;
    if (isNew) {
      this.#failure = `${losses} (in ${dirname(this.#parts.file)})`;
      this.#parts.stop();
    } else if (Math.abs(now - this.#triedAt) >= RETRY) this.#begin(now);
  }

  #begin(now: Instant): void {
    this.#triedAt = now;
    this.#steps = this.#recreate(now);
    this.#goOn(now);
  }

  *#recreate(now: Instant): Generator<undefined, void> {
    const { file, watch, recreate } = this.#parts;
    prepareDirectory(dirname(file));
    const lock = `${file}.lock`;
    if (watch.lossOf(lock) !== undefined) {
      this.#ownerships.push(takeOwnership(file, 0));
      watch.remember([lock]);
    }
    yield* recreate(now, this.#losses);
  }

  #goOn(now: Instant, slice = SLICE): void {
    const { clock } = this.#parts;
    const end = clock === undefined ? Number.POSITIVE_INFINITY : clock.monotonic() + slice;
    try {
      while (this.#steps !== undefined) {
        if (this.#steps.next().done === true) {
          this.#steps = undefined;
          this.#isWhole(now);
        } else if (clock !== undefined && clock.monotonic() >= end) {
          this.#cancel = clock.after(NEXT_SLICE, () => this.#goOn(clock.now()));
          return;
        }
      }
    } catch (error) {
      this.#steps = undefined;
      this.#hasFailed(error);
    }
  }

  #hasFailed(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    const where = dirname(this.#parts.file);
    if (error instanceof GatewayError && error.code === 'store-locked') {
      this.#isTaken = true;
      this.#failure = `${this.#losses} (in ${where}), and ${message}; then restart this gateway`;
    } else {
      const code = error instanceof GatewayError ? '' : ` (${codeOf(error)})`;
      this.#failure = `${this.#losses} (in ${where}), and cannot be made anew: ${message}${code}`;
    }
  }

  #isWhole(now: Instant): void {
    this.#failure = undefined;
    this.#parts.goOn(now);
  }
}
