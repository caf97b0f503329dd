import { unwatchFile, watchFile } from 'node:fs';
import type { Clock } from '../../lease/clock.ts';
import { WhenQuiet } from './when-quiet.ts';

/** How often it is looked at: milliseconds. */
const INTERVAL = 1000;

/**
 * Calls when its content has changed, when another file is there in its place, and when it has gone: as soon as it stays as
 * it is.
 */
export function watchForChanges(path: string, clock: Clock, changed: () => void): () => void {
  const quiet = new WhenQuiet(clock, changed);
  const listener = (now: { mtimeMs: number; ino: number; size: number }, before: typeof now) => {
    const isOther = now.ino !== before.ino || now.mtimeMs !== before.mtimeMs || now.size !== before.size;
    if (isOther) quiet.changed();
  };
  watchFile(path, { interval: INTERVAL, persistent: false }, listener);
  return () => {
    unwatchFile(path, listener);
    quiet.end();
  };
}
