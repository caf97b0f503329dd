import type { Database } from 'better-sqlite3';
import type { MirrorPosition } from '../../mirror.ts';

/** How far a lease file mirrors shared leases; undefined: its leases are its own. */
export function readMirrorPosition(database: Database): MirrorPosition | undefined {
  const row = database.prepare('SELECT segment, birth AS generation, revision FROM mirror').get();
  return row as MirrorPosition | undefined;
}
