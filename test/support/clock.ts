import type { Clock } from '../../src/lease/clock.ts';
import { type Instant, instant } from '../../src/lease/lease.ts';

interface Timer {
  readonly at: number;
  readonly number: number;
  readonly run: () => void;
}

/** A clock that stands until the test moves it. */
export class FakeClock implements Clock {
  #monotonic = 0;
  /** Wall clock less monotonic one. */
  #offset: number;
  #timers: Timer[] = [];
  #started = 0;

  constructor(start: Instant = instant(Date.UTC(2026, 0, 1))) {
    this.#offset = start;
  }

  now(): Instant {
    return instant(this.#offset + this.#monotonic);
  }

  monotonic(): number {
    return this.#monotonic;
  }

  after(milliseconds: number, run: () => void): () => void {
    this.#started += 1;
    const timer = { at: this.#monotonic + Math.max(0, milliseconds), number: this.#started, run };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((each) => each !== timer);
    };
  }

  /** Timers that have neither run nor been cancelled. */
  get pending(): number {
    return this.#timers.length;
  }

  /** Time goes by: each timer runs at its time, and all that it sets off has happened before the next one. */
  async pass(milliseconds: number): Promise<void> {
    const end = this.#monotonic + milliseconds;
    await settle();
    for (let timer = this.#due(end); timer !== undefined; timer = this.#due(end)) {
      this.#timers = this.#timers.filter((each) => each !== timer);
      this.#monotonic = Math.max(this.#monotonic, timer.at);
      timer.run();
      await settle();
    }
    this.#monotonic = end;
  }

  /** The event loop stands still: time goes by and no timer runs. */
  stall(milliseconds: number): void {
    this.#monotonic += milliseconds;
  }

  /** The wall clock jumps, forwards or back. */
  jump(milliseconds: number): void {
    this.#offset += milliseconds;
  }

  #due(end: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.at > end) continue;
      if (
        first === undefined ||
        timer.at < first.at ||
        (timer.at === first.at && timer.number < first.number)
      ) {
        first = timer;
      }
    }
    return first;
  }
}

/** Lets every promise that can go on do so. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
