import { dirname } from 'node:path';
import { GatewayError } from '../../../errors.ts';
import type { Clock } from '../../../lease/clock.ts';
import type { Instant } from '../../../lease/lease.ts';
import { prepareDirectory } from '../disk/directory.ts';
import { codeOf } from '../disk/error-code.ts';
import type { FileWatch } from '../disk/file-watch.ts';
import { type Ownership, takeOwnership } from '../file/ownership.ts';

/** How often the names are looked at, at the most; the server's beat comes once a second: milliseconds. */
const LOOK = 400;
/** What could not be made anew is tried again after so long: milliseconds. */
const RETRY = 900;
/** So long goes on what is done between two packets: milliseconds. */
const SLICE = 5;
const NEXT_SLICE = 1;

export interface FileGuardParts {
  readonly file: string;
  readonly watch: FileWatch;
  readonly ownership: Ownership;
  /** Absent: what is made anew is made at once. */
  readonly clock: Clock | undefined;
  /** Nothing may be written to what is open. */
  readonly stop: () => void;
  /** Makes anew what is lost, in steps, and has it in use at the end. Throws what stands in the way. */
  readonly makeAnew: (now: Instant) => Generator<undefined, void>;
  /** All stands in its place, and may be written. */
  readonly goOn: (now: Instant) => void;
}

/**
 * Sees within a second that a lease file, or its directory, was deleted, renamed or replaced under the running process.
 * Then nothing is written; at the next look, when whoever moves several files is done, what is lost is made anew. Who
 * finds its lock with another process never writes again: that one may have promised something since.
 */
export class FileGuard {
  readonly #parts: FileGuardParts;
  /** The newest one holds the place. */
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

  /** What is lost, and why it is not made anew; undefined: all stands in its place. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** True: another process has the place, for as long as this one runs. */
  get isTaken(): boolean {
    return this.#isTaken;
  }

  /** Looks, if it is time; true: what is open may be written. */
  isSound(now: Instant): boolean {
    if (this.#steps !== undefined || this.#isTaken) return false;
    if (Math.abs(now - this.#lookedAt) < LOOK) return this.#failure === undefined;
    this.#lookedAt = now;
    this.#look(now);
    return this.#failure === undefined;
  }

  /** At the end: makes anew what is lost, however long it takes. True: what is open may be written. */
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

  /** Of files that are not open any more. */
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
    this.#steps = this.#makeAnew(now);
    this.#goOn(now);
  }

  *#makeAnew(now: Instant): Generator<undefined, void> {
    const { file, watch, makeAnew } = this.#parts;
    prepareDirectory(dirname(file));
    const lock = `${file}.lock`;
    if (watch.lossOf(lock) !== undefined) {
      this.#ownerships.push(takeOwnership(file, 0));
      watch.remember([lock]);
    }
    yield* makeAnew(now);
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
