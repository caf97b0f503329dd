import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Database } from 'better-sqlite3';
import type { Clock } from '../../lease/clock.ts';
import type { StoredState } from '../../lease/stored-state.ts';
import { LEASE_FILE, prepareDirectory } from './disk/directory.ts';
import { diskErrorOf } from './disk/disk-error.ts';
import { fileIdOf, openDatabase } from './file/open-database.ts';
import { takeOwnership } from './file/ownership.ts';
import { DEFAULT_HISTORY } from './history/retention.ts';
import { journalOf } from './journal/journal-file.ts';
import type { SqliteStoreOptions } from './open-sqlite-store.ts';
import type { Opening } from './opening.ts';
import { SqliteMirror } from './sqlite-mirror.ts';
import { MIGRATIONS } from './tables/schema.ts';

/**
 * Opens or makes the lease file of a directory as the mirror of shared leases. If a gateway that was alone has left a
 * journal, it is applied and deleted: a mirror has none.
 *
 * @throws GatewayError as `openSqliteStore` does.
 */
export async function openMirror(
  options: SqliteStoreOptions & { readonly clock: Clock },
): Promise<SqliteMirror> {
  prepareDirectory(options.directory);
  const file = join(options.directory, LEASE_FILE);
  const alone = existsSync(journalOf(file)) ? await applyJournal(options, file) : undefined;

  const ownership = takeOwnership(file, options.lockWaitMilliseconds ?? 0);
  let database: Database | undefined;
  try {
    const opened = openDatabase(file, options.now, MIGRATIONS);
    database = opened.database;
    const opening: Opening = {
      file,
      fileId: fileIdOf(database),
      loaded: countsOf(database),
      skipped: alone?.skipped ?? 0,
      setAside: opened.setAside ?? alone?.setAside,
      copy: opened.copy ?? alone?.copy,
      journalDamage: alone?.journalDamage,
    };
    const { history = DEFAULT_HISTORY, clock, say = () => {} } = options;
    return new SqliteMirror({ opening, connected: opened, ownership, history, clock, say });
  } catch (cause) {
    database?.close();
    ownership.release();
    throw diskErrorOf(file, cause);
  }
}

async function applyJournal(options: SqliteStoreOptions, file: string): Promise<Opening> {
  // Imported only here, since it is seldom needed: the thread of a mirror keeps less code in memory.
  const { openSqliteStore } = await import('./open-sqlite-store.ts');
  const store = openSqliteStore({ ...options, mayBeMirror: true });
  try {
    store.flush(); // This applies the whole journal.
  } catch (cause) {
    throw diskErrorOf(file, cause);
  } finally {
    await store.close();
  }
  rmSync(journalOf(file));
  return store.opening;
}

function countsOf(database: Database): Opening['loaded'] {
  const rows = database.prepare('SELECT state, count(*) FROM lease GROUP BY state').raw().all();
  const counts = Object.fromEntries(rows as readonly (readonly [StoredState, number])[]);
  return { free: 0, bound: 0, declined: 0, peer: 0, ...counts };
}
