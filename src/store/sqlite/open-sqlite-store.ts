import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Database } from 'better-sqlite3';
import type { Instant } from '../../lease/lease.ts';
import type { Ipv4 } from '../../net/ipv4.ts';
import { LeaseTable } from '../lease-table.ts';
import { prepareDirectory } from './directory.ts';
import { loadLeases } from './load-leases.ts';
import { asGatewayError, openDatabase } from './open-database.ts';
import { takeOwnership } from './ownership.ts';
import type { RetentionOptions } from './retention.ts';
import { MIGRATIONS, type Migration } from './schema.ts';
import { SqliteStore } from './sqlite-store.ts';

/** The lease file's name in its directory. */
export const LEASE_FILE = 'leases.sqlite';

const DEFAULT_HISTORY: RetentionOptions = { seconds: 90 * 86_400, rows: 1_000_000 };

export interface SqliteStoreOptions {
  /** GATEWAY_DHCP_LEASES_DIR; made if it is missing. */
  readonly directory: string;
  /** The exchange's: addresses on their way. */
  readonly inFlight: ReadonlySet<Ipv4>;
  readonly now: Instant;
  /** This node's name, kept with what it writes. */
  readonly node?: string;
  readonly history?: RetentionOptions;
  /** How long a predecessor that is still ending is waited for; the thread stands meanwhile. */
  readonly lockWaitMilliseconds?: number;
  /** The schema's steps; only a test has others. */
  readonly migrations?: readonly Migration[];
}

/**
 * Opens or makes the lease file of a directory, and loads it. A damaged file is put aside, which `opening` tells.
 * Throws a GatewayError that names the directory or the file, and the remedy: store-unusable, store-locked,
 * store-newer, store-failed.
 */
export function openSqliteStore(options: SqliteStoreOptions): SqliteStore {
  prepareDirectory(options.directory);
  const file = join(options.directory, LEASE_FILE);
  const ownership = takeOwnership(file, options.lockWaitMilliseconds ?? 0);
  let database: Database | undefined;
  try {
    const opened = openDatabase(file, options.now, options.migrations ?? MIGRATIONS);
    database = opened.database;
    const table = new LeaseTable(options.inFlight);
    const { loaded, skipped, lastStoredAt } = loadLeases(database, table);
    const { setAside, copy } = opened;
    return new SqliteStore({
      opening: { file, birth: birthOf(database), loaded, skipped, setAside, copy },
      database,
      table,
      ownership,
      lastStoredAt,
      node: options.node ?? null,
      history: options.history ?? DEFAULT_HISTORY,
    });
  } catch (cause) {
    database?.close();
    ownership.release();
    throw asGatewayError(file, cause);
  }
}

function birthOf(database: Database): string {
  const known: unknown = database.prepare("SELECT value FROM meta WHERE key = 'birth'").pluck().get();
  if (typeof known === 'string') return known;
  const birth = randomUUID();
  database.prepare("INSERT INTO meta VALUES ('birth', ?)").run(birth);
  return birth;
}
