import { setTimeout as pass } from 'node:timers/promises';
import type { Program } from './program.ts';

const LOOK_MILLISECONDS = 250;
/** Quiet: less than this share of a processor, for so many looks one after the other. */
const QUIET = 0.02;
const LOOKS = 8;
/** No longer than this: milliseconds. */
const PATIENCE = 20_000;

/**
 * Waits until a server has nothing left to do, and returns the nanoseconds that it had used by then: what it puts off
 * counts, its beat while nothing happens does not.
 */
export async function untilQuiet(server: Program): Promise<number> {
  let looks = 0;
  let busyUntil = server.nanoseconds();
  for (let waited = 0; waited < PATIENCE && looks < LOOKS; waited += LOOK_MILLISECONDS) {
    const before = server.nanoseconds();
    await pass(LOOK_MILLISECONDS);
    const now = server.nanoseconds();
    const isQuiet = now - before < QUIET * LOOK_MILLISECONDS * 1e6;
    looks = isQuiet ? looks + 1 : 0;
    if (!isQuiet) busyUntil = now;
  }
  return busyUntil;
}
