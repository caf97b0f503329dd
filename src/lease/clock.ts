import type { Instant } from './lease.ts';

/** Time as the server sees it; the simulation has its own. */
export interface Clock {
  /** Wall-clock time. */
  now(): Instant;
  /** Milliseconds that only ever grow, from an arbitrary start; unmoved by changes of the wall clock. */
  monotonic(): number;
  /** Runs something once, after so many milliseconds; returns what cancels it. */
  after(milliseconds: number, run: () => void): () => void;
}

/** 0 <= x < 1. For operation ids, the spread of retries and the seed of a hash only: nothing that is decided rests on it. */
export type Random = () => number;
