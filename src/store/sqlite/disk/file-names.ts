import { closeSync, existsSync, fsyncSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { GatewayError } from '../../../errors.ts';
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

/**
 * Throws store-unusable for a name that is a file's and has something else under it: a directory, which a container's
 * mount of a missing file makes, or a pipe, which would be waited for.
 */
export function refuseOddFiles(names: readonly string[]): void {
  for (const name of names) {
    const found = statSync(name, { throwIfNoEntry: false });
    if (found === undefined || found.isFile()) continue;
    const what = found.isDirectory() ? 'a directory' : 'a pipe, a socket or a device';
    throw new GatewayError('store-unusable', `${name}: ${what}, and no file: move it away`);
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
