import { closeSync, existsSync, fsyncSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { GatewayError } from '../../../errors.ts';
import type { Instant } from '../../../lease/lease.ts';

/** Syncs the directory of a file: files that were just made or renamed in it survive a loss of power. */
export function syncDirectoryOf(file: string): void {
  const handle = openSync(dirname(file), 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/**
 * Refuses names that are not of ordinary files: a directory, as a container makes it to mount a missing file, or a pipe, on
 * which an open would wait.
 *
 * @throws GatewayError 'store-unusable'.
 */
export function refuseOddFiles(names: readonly string[]): void {
  for (const name of names) {
    const found = statSync(name, { throwIfNoEntry: false });
    if (found === undefined || found.isFile()) continue;
    const what = found.isDirectory() ? 'a directory' : 'a pipe, a socket or a device';
    throw new GatewayError('store-unusable', `${name}: ${what}, and no file: move it away`);
  }
}

/** A time for a file's name: 20260131T120000Z. */
export function stampOf(now: Instant): string {
  return new Date(now).toISOString().replace(/[-:]|\.\d+/g, '');
}

/** The wanted name, or that name with a number behind it if there is such a file already. */
export function unusedName(wanted: string): string {
  let name = wanted;
  for (let count = 2; existsSync(name); count += 1) name = `${wanted}-${count}`;
  return name;
}
