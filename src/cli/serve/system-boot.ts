import { readFileSync } from 'node:fs';
import type { MachineBoot } from '../../lease/clock-note.ts';

const BOOT_ID = '/proc/sys/kernel/random/boot_id';

/** The machine's boot; undefined: the system does not say which boot this is. */
export function systemBoot(): MachineBoot | undefined {
  try {
    const id = readFileSync(BOOT_ID, 'latin1').trim();
    // CLOCK_MONOTONIC, which begins with the boot; `performance.now()` is the same clock from the process's start on.
    const offset = Number(process.hrtime.bigint()) / 1e6 - performance.now();
    return { id, offset };
  } catch {
    return undefined;
  }
}
