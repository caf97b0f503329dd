import { join } from 'node:path';
import type { Database } from 'better-sqlite3';
import type { Clock } from '../../lease/clock.ts';
import { asGatewayError, openDatabase } from './open-database.ts';
import {
  DEFAULT_HISTORY,
  LEASE_FILE,
  openSqliteStore,
  type SqliteStoreOptions,
} from './open-sqlite-store.ts';
import { takeOwnership } from './ownership.ts';
import { MIGRATIONS } from './schema.ts';
import { SqliteMirror } from './sqlite-mirror.ts';

/**
 * Opens or makes the lease file of a directory as the mirror of shared leases. What a gateway that was alone has left in
 * its journal is in the file then. Throws what `openSqliteStore` throws.
 */
export async function openMirror(
  options: SqliteStoreOptions & { readonly clock: Clock },
): Promise<SqliteMirror> {
  const store = openSqliteStore({ ...options, mayBeMirror: true });
  const { opening } = store;
  await store.close();

  const file = join(options.directory, LEASE_FILE);
  const ownership = takeOwnership(file, options.lockWaitMilliseconds ?? 0);
  let database: Database | undefined;
  try {
    database = openDatabase(file, options.now, MIGRATIONS).database;
    const { history = DEFAULT_HISTORY, clock } = options;
    return new SqliteMirror({ opening, database, ownership, history, clock });
  } catch (cause) {
    database?.close();
    ownership.release();
    throw asGatewayError(file, cause);
  }
}
