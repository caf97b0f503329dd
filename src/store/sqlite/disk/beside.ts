import { closeSync, existsSync, fsyncSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Instant } from '../../../lease/lease.ts';

/** What has just been made or renamed beside the file is there after a loss of power. */
export function syncDirectoryOf(file: string): void {
  const handle = openSync(dirname(file), 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** A time as part of a file's name: 20260131T120000Z. */
export function stampOf(now: Instant): string {
  return new Date(now).toISOString().replace(/[-:]|\.\d+/g, '');
}

export function unusedName(wanted: string): string {
  let name = wanted;
  for (let count = 2; existsSync(name); count += 1) name = `${wanted}-${count}`;
  return name;
}
