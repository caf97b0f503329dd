import type { Database } from 'better-sqlite3';
import type { ListedLease } from '../lease-reader.ts';
import { LEASES_VIEW_COLUMNS as COLUMNS } from '../tables/schema.ts';
import { leasePages } from './lease-pages.ts';
import { betweenPages } from './pages.ts';

/** A lease with what its guest's name depends on. */
export interface NamedRow extends ListedLease {
  /** When it began: wall-clock milliseconds. */
  readonly startedAt: number;
}

const NAMED_LEASE_COLUMNS = `starts_at AS startedAt, ${COLUMNS}`;
/**
 * What a guest calls itself, as near to its label as SQLite comes: more may be found than have that label, and none that has it
 * is left out.
 */
const LABEL = `lower(replace(replace(replace(replace(trim(substr(hostname, 1, instr(hostname || '.', '.') - 1)),
  ' ', ''), '_', ''), '-', ''), '''', ''))`;

/** The leases at these addresses, in any state. */
export function leasesAtAddresses(database: Database, addresses: readonly number[]): readonly NamedRow[] {
  const row = database.prepare(`SELECT ${NAMED_LEASE_COLUMNS} FROM lease WHERE address = ?`);
  return addresses.flatMap((address) => (row.get(address) as NamedRow | undefined) ?? []);
}

/**
 * The leases that run whose guests may call themselves by one of these labels, or that have it as the id of their VPS; in
 * short reads.
 *
 * @throws the signal's reason when nobody waits for the answer any more.
 */
export async function leasesCalled(
  database: Database,
  labels: ReadonlySet<string>,
  now: number,
  signal: AbortSignal,
): Promise<readonly NamedRow[]> {
  if (labels.size === 0) return [];
  const marks = [...labels].map(() => '?').join(', ');
  const simple = [...labels].map((label) => label.replaceAll('-', ''));
  const isCalled = `AND (${LABEL} IN (${marks}) OR lower(vps_id) IN (${marks}))`;
  return await running(database, isCalled, [...simple, ...labels], now, signal);
}

/**
 * The leases that run, by address, in short reads. Reading ends with the page in which they are more than `most`.
 *
 * @throws the signal's reason when nobody waits for the answer any more.
 */
export async function runningLeases(
  database: Database,
  now: number,
  most: number,
  signal: AbortSignal,
): Promise<readonly NamedRow[]> {
  return await running(database, '', [], now, signal, most);
}

async function running(
  database: Database,
  condition: string,
  values: readonly string[],
  now: number,
  signal: AbortSignal,
  most = Number.POSITIVE_INFINITY,
): Promise<readonly NamedRow[]> {
  const rows = database.prepare(
    `SELECT ${NAMED_LEASE_COLUMNS} FROM lease WHERE address > ? AND address <= ? AND state = 'bound' AND expires_at > ?
     ${condition} ORDER BY address`,
  );
  const endOf = leasePages(database);
  const found: NamedRow[] = [];
  for (let after = -1; found.length <= most; ) {
    const upTo = endOf(after);
    if (upTo === undefined) break;
    found.push(...(rows.all(after, upTo, now, ...values) as NamedRow[]));
    after = upTo;
    await betweenPages(signal);
  }
  return found;
}
