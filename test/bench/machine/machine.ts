import { closeSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { median, percentile } from '../report/statistics.ts';

/** What the figures depend on. */
export interface Machine {
  readonly processor: string;
  readonly processors: number;
  readonly memoryGigabytes: number;
  readonly kernel: string;
  readonly node: string;
  /** One write of 4 KiB with its fsync: milliseconds. */
  readonly fsync: { readonly p50: number; readonly p99: number };
}

export function describeMachine(folder: string): Machine {
  return {
    processor: cpus()[0]?.model ?? 'unknown',
    processors: cpus().length,
    memoryGigabytes: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    fsync: measureFsync(folder),
  };
}

export function measureFsync(folder: string): Machine['fsync'] {
  const file = join(folder, 'fsync');
  const handle = openSync(file, 'w');
  const page = new Uint8Array(4096);
  const times: number[] = [];
  for (let count = 0; count < 200; count += 1) {
    const start = performance.now();
    writeSync(handle, page);
    fsyncSync(handle);
    times.push(performance.now() - start);
  }
  closeSync(handle);
  rmSync(file);
  return {
    p50: median(times),
    p99: percentile(
      times.sort((a, b) => a - b),
      0.99,
    ),
  };
}
