import { unwatchFile, watchFile } from 'node:fs';

/** How often it is looked at: milliseconds. */
const INTERVAL = 1000;

/** Calls when its content has changed, when another file is there in its place, and when it has gone. */
export function watchForChanges(path: string, changed: () => void): () => void {
  const listener = (now: { mtimeMs: number; ino: number; size: number }, before: typeof now) => {
    const isOther = now.ino !== before.ino || now.mtimeMs !== before.mtimeMs || now.size !== before.size;
    if (isOther) changed();
  };
  watchFile(path, { interval: INTERVAL, persistent: false }, listener);
  return () => unwatchFile(path, listener);
}
