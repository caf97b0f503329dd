import { join } from 'node:path';
import type { Database } from 'better-sqlite3';
import { GatewayError } from '../../errors.ts';
import type { Clock } from '../../lease/clock.ts';
import type { Instant } from '../../lease/lease.ts';
import { LeaseTable } from '../../lease-table/lease-table.ts';
import { ReservationTable } from '../../lease-table/reservation-table.ts';
import type { Say } from '../../log/say.ts';
import type { Ipv4 } from '../../net/ipv4.ts';
import { LEASE_FILE, prepareDirectory } from './disk/directory.ts';
import { diskErrorOf } from './disk/disk-error.ts';
import { fileIdOf, openDatabase } from './file/open-database.ts';
import { takeOwnership } from './file/ownership.ts';
import { DEFAULT_HISTORY, type RetentionOptions } from './history/retention.ts';
import type { Journal } from './journal/journal.ts';
import { JOURNAL_BYTES } from './journal/journal-file.ts';
import { openJournal } from './journal/open-journal.ts';
import { applyAtStart } from './maintenance/apply-at-start.ts';
import { appliedIn, LeaseFiles } from './maintenance/lease-files.ts';
import { readClockNote } from './notes/clock-notes.ts';
import { readMirrorPosition } from './notes/mirror-position.ts';
import { SqliteStore } from './sqlite-store.ts';
import { loadLeases } from './tables/load-leases.ts';
import { readReservationRows } from './tables/reservation-rows.ts';
import { MIGRATIONS, type Migration } from './tables/schema.ts';

export interface SqliteStoreOptions {
  /** GATEWAY_DHCP_LEASES_DIR; made if it is missing. */
  readonly directory: string;
  /** Addresses in flight. The exchange changes this set. */
  readonly inFlight: ReadonlySet<Ipv4>;
  readonly now: Instant;
  /** The seed of the table's hash: a whole number from 0, of up to 53 bits, that no client can know. */
  readonly seed: number;
  /** This node's name, which is stored with its leases. */
  readonly node?: string;
  readonly history?: RetentionOptions;
  /** How long to wait for an earlier process that is still stopping: milliseconds. The thread is blocked meanwhile. */
  readonly lockWaitMilliseconds?: number;
  /** The size of the journal once the store has run for some seconds; 32 MiB by default. */
  readonly journalBytes?: number;
  /** True: the file may mirror shared leases, and the caller leaves it so. */
  readonly mayBeMirror?: boolean;
  /** For maintenance between packets; absent: only `idle` does maintenance. */
  readonly clock?: Clock;
  /** Logs what happens to the files while they are open. */
  readonly say?: Say;
  /** The migrations of the schema; only a test passes others. */
  readonly migrations?: readonly Migration[];
}

/**
 * Opens or makes the lease file of a directory, and loads its leases. A damaged file is set aside; `opening` tells of it.
 *
 * @throws GatewayError 'store-unusable', 'store-locked', 'store-newer' or 'store-failed'; it names the directory or the
 *   file, and the remedy.
 */
export function openSqliteStore(options: SqliteStoreOptions): SqliteStore {
  prepareDirectory(options.directory);
  const file = join(options.directory, LEASE_FILE);
  const ownership = takeOwnership(file, options.lockWaitMilliseconds ?? 0);
  let database: Database | undefined;
  let journal: Journal | undefined;
  try {
    const opened = openDatabase(file, options.now, options.migrations ?? MIGRATIONS);
    database = opened.database;
    const { setAside, copy } = opened;
    if (options.mayBeMirror !== true) refuseMirror(database, file);
    const fileId = fileIdOf(database);
    const { now, seed, journalBytes = JOURNAL_BYTES } = options;
    const applied = appliedIn(database);
    const openedJournal = openJournal(file, { fileId, applied, now, seed, bytes: journalBytes });
    journal = openedJournal.journal;
    const { node, history = DEFAULT_HISTORY, clock, migrations = MIGRATIONS } = options;
    const fixed = { file, node, history, clock, journalBytes, migrations };
    const files = new LeaseFiles({ ...fixed, ...opened, journal, applied: applied ?? 0 });
    const mayWait = !opened.isNew && openedJournal.damage === undefined;
    const unapplied = applyAtStart(files, { file, fileId, mayWait });

    const table = new LeaseTable(options.inFlight, options.seed);
    const reservations = new ReservationTable(table);
    const { loaded, skipped, lastStoredAt } = loadLeases(
      database,
      table,
      readClockNote(database)?.revision ?? 0,
      unapplied,
    );
    const read = readReservationRows(database);
    for (const reservation of read.found) {
      reservations.put(reservation);
      table.reached(reservation.version);
    }
    return new SqliteStore({
      opening: {
        file,
        fileId,
        loaded,
        skipped: skipped + read.skipped,
        setAside,
        copy,
        journalDamage: openedJournal.damage,
      },
      ...fixed,
      files,
      say: options.say ?? (() => {}),
      lastEvent: unapplied.reduce((last, { eventId }) => Math.max(last, eventId), lastEventIn(database)),
      table,
      reservations,
      ownership,
      lastStoredAt,
    });
  } catch (cause) {
    journal?.close();
    database?.close();
    ownership.release();
    throw diskErrorOf(file, cause);
  }
}

/** Throws for a mirror: other gateways go on granting its leases, so they must not be granted from this copy. */
function refuseMirror(database: Database, file: string): void {
  const position = readMirrorPosition(database);
  if (position === undefined) return;
  const remedy =
    'set GATEWAY_ETCD_ENDPOINTS and GATEWAY_SEGMENT again; or, to leave for good, run `vps-gateway cluster leave`';
  throw new GatewayError(
    'bad-settings',
    `${file}: mirrors the leases that the gateways of segment ${position.segment} share in etcd: ${remedy}`,
  );
}

/** The id of the newest row of the history; 0: it has none. */
export function lastEventIn(database: Database): number {
  return Number(database.prepare('SELECT max(id) FROM history').pluck().get() ?? 0);
}
