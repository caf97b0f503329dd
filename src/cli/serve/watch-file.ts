import { unwatchFile, watchFile } from 'node:fs';

/** How often it is looked at: milliseconds. */
const INTERVAL = 1000;

/** Calls when another file of this name is there, or its content has changed; also one that an editor has renamed into place. */
export function watchForChanges(path: string, changed: () => void): () => void {
  const listener = (now: { mtimeMs: number; ino: number; size: number }, before: typeof now) => {
    const isThere = now.ino !== 0; // While an editor exchanges it, there may be none.
    const isOther = now.ino !== before.ino || now.mtimeMs !== before.mtimeMs || now.size !== before.size;
    if (isThere && isOther) changed();
  };
  watchFile(path, { interval: INTERVAL, persistent: false }, listener);
  return () => unwatchFile(path, listener);
}
