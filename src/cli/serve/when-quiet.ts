import type { Clock } from '../../lease/clock.ts';

/** How long nothing must have changed: two looks at a file have found the same then. Milliseconds. */
const QUIET = 2000;
/** What never stays as it is for so long counts all the same: milliseconds from its first change. */
const LONGEST = 10_000;

/**
 * Runs something when changes have come to an end. A file that is written in pieces, or is emptied before it is written, is a
 * whole one of other settings at each moment: its reservations would be gone, and come back.
 */
export class WhenQuiet {
  readonly #clock: Pick<Clock, 'monotonic' | 'after'>;
  readonly #run: () => void;
  #first: number | undefined;
  #cancel: (() => void) | undefined;

  constructor(clock: Pick<Clock, 'monotonic' | 'after'>, run: () => void) {
    this.#clock = clock;
    this.#run = run;
  }

  changed(): void {
    const now = this.#clock.monotonic();
    this.#first ??= now;
    this.#cancel?.();
    this.#cancel = this.#clock.after(Math.max(0, Math.min(QUIET, this.#first + LONGEST - now)), () => {
      this.end();
      this.#run();
    });
  }

  end(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#first = undefined;
  }
}
