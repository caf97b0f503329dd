import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { DirectoryFacts } from '../../diagnosis/doctor/directory-lines.ts';
import { GatewayError } from '../../errors.ts';
import { tryDirectory } from '../../store/sqlite/disk/directory.ts';
import { refuseSilentDisk } from '../../store/sqlite/silent-disk.ts';

const SYNCS = 15;
const OCTETS = 4096;
/** statfs(2). */
const FILE_SYSTEMS: ReadonlyMap<number, string> = new Map([
  [0xef53, 'ext4'],
  [0x58465342, 'xfs'],
  [0x9123683e, 'btrfs'],
  [0x2fc12fc1, 'zfs'],
  [0x01021994, 'tmpfs'],
  [0x858458f6, 'ramfs'],
  [0x794c7630, 'overlayfs'],
]);

/** Tries the leases directory, and measures what a sync of its disk costs. What is written for that is taken away. */
export async function readDirectory(directory: string): Promise<DirectoryFacts> {
  try {
    await refuseSilentDisk(directory);
    tryDirectory(directory);
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return {
      directory,
      fault: error.message,
      fileSystem: undefined,
      syncMilliseconds: undefined,
      freeOctets: undefined,
    };
  }
  return { directory, fault: undefined, syncMilliseconds: syncOf(directory), ...fileSystemOf(directory) };
}

function fileSystemOf(directory: string): Pick<DirectoryFacts, 'fileSystem' | 'freeOctets'> {
  try {
    const { type, bavail, bsize } = statfsSync(directory);
    return { fileSystem: FILE_SYSTEMS.get(type >>> 0), freeOctets: bavail * bsize };
  } catch {
    return { fileSystem: undefined, freeOctets: undefined }; // The gateway makes the directory at its start.
  }
}

/** The median: milliseconds; undefined: nothing can be written. */
function syncOf(directory: string): number | undefined {
  let folder: string | undefined;
  try {
    folder = mkdtempSync(join(directory, '.vps-gateway-doctor-'));
    const file = openSync(join(folder, 'sync'), 'w');
    try {
      const times = Array.from({ length: SYNCS }, () => timeOfSync(file));
      return times.sort((one, other) => one - other)[SYNCS >> 1];
    } finally {
      closeSync(file);
    }
  } catch {
    return undefined;
  } finally {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  }
}

function timeOfSync(file: number): number {
  const begin = performance.now();
  writeSync(file, new Uint8Array(OCTETS), 0, OCTETS, 0);
  fdatasyncSync(file);
  return performance.now() - begin;
}
