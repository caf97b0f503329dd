import type { Clock } from '../../src/lease/clock.ts';
import { type Instant, instant } from '../../src/lease/lease.ts';
import { settle } from '../support/clock.ts';

interface Timer {
  readonly at: number;
  readonly number: number;
  /** Undefined: cancelled. */
  run: (() => void) | undefined;
}

/** The true time of the simulation, whole milliseconds: FakeClock for many timers, in a heap with the next one on top. */
export class SimulatedClock implements Clock {
  #monotonic = 0;
  readonly #start = Date.UTC(2026, 0, 1);
  readonly #timers: Timer[] = [];
  #started = 0;

  now(): Instant {
    return instant(this.#start + this.#monotonic);
  }

  monotonic(): number {
    return this.#monotonic;
  }

  after(milliseconds: number, run: () => void): () => void {
    this.#started += 1;
    const timer: Timer = {
      at: this.#monotonic + Math.max(0, Math.ceil(milliseconds)),
      number: this.#started,
      run,
    };
    this.#push(timer);
    return () => {
      timer.run = undefined;
    };
  }

  /** Time goes by: each timer runs at its time, and all that it sets off has happened before the next one. */
  async pass(milliseconds: number): Promise<void> {
    const end = this.#monotonic + milliseconds;
    await settle();
    for (let next = this.#timers[0]; next !== undefined && next.at <= end; next = this.#timers[0]) {
      this.#pop();
      if (next.run === undefined) continue;
      this.#monotonic = next.at;
      next.run();
      await drained();
    }
    this.#monotonic = end;
  }

  #push(timer: Timer): void {
    const heap = this.#timers;
    let index = heap.length;
    heap.push(timer);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || isBefore(above, timer)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = timer;
  }

  #pop(): void {
    const heap = this.#timers;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = index * 2 + 1;
      const [left, right] = [heap[child], heap[child + 1]];
      if (left === undefined) break;
      if (right !== undefined && isBefore(right, left)) child += 1;
      const least = heap[child];
      if (least === undefined || isBefore(last, least)) break;
      heap[index] = least;
      index = child;
    }
    heap[index] = last;
  }
}

/**
 * Every promise that can go on has done so: Node takes its next tick when no microtask is left. A turn of the event loop,
 * which costs ten times as much, would bring nothing more: here nothing waits for it.
 */
function drained(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}

function isBefore(one: Timer, other: Timer): boolean {
  return one.at < other.at || (one.at === other.at && one.number < other.number);
}
