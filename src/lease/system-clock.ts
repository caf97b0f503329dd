import type { Clock } from './clock.ts';
import { type Instant, instant } from './lease.ts';

/** The machine's own clocks. */
export const systemClock: Clock = {
  now(): Instant {
    return instant(Date.now());
  },

  monotonic(): number {
    return performance.now();
  },

  after(milliseconds: number, run: () => void): () => void {
    const timer = setTimeout(run, milliseconds);
    return () => clearTimeout(timer);
  },
};
