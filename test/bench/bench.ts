import type { Machine } from './machine/machine.ts';
import type { Segment } from './machine/segment.ts';
import type { BenchOptions } from './options.ts';

/** What each part of the bench works with. */
export interface Bench {
  readonly options: BenchOptions;
  readonly segment: Segment;
  readonly machine: Machine;
  /** An empty folder on the disk that is measured. */
  readonly folder: string;
  /** Says what is being done. */
  say(text: string): void;
}
