import type { Database } from 'better-sqlite3';
import { CLOCK_TRUSTED } from '../../../lease/history-event.ts';
import type { ListedLease } from '../lease-reader.ts';
import { HISTORY_COLUMNS, LEASES_VIEW_COLUMNS } from '../tables/schema.ts';
import { FirstOfOrder, type Ranked } from './first-of-order.ts';
import { type LeaseCondition, sqlOf } from './lease-conditions.ts';
import { leasePages } from './lease-pages.ts';
import { betweenPages, PAGE_ROWS } from './pages.ts';

export interface LeaseSearchAt {
  /** Wall-clock milliseconds. */
  readonly at: number;
  readonly conditions: readonly LeaseCondition[];
  readonly isDescending: boolean;
  readonly limit: number;
  /** Only rows behind this one. */
  readonly after: Ranked | undefined;
}

export interface LeasesThen {
  /** By address. */
  readonly rows: readonly ListedLease[];
  readonly total: number;
  /** The last row, if there are more. */
  readonly last: Ranked | undefined;
  /** The time of the oldest row of the history, wall-clock milliseconds; undefined: it has none. */
  readonly since: number | undefined;
}

/** How the rows of the table and of the history are looked at alike. */
const SHOWN =
  'position, address, mac, hostname, state, starts, expires, updated, vps_id, node, client, lease_seconds, reservation_id, organization_id, port';

/** The lease in the table had begun at that time, and goes on. */
const IS_HELD = "lease.state IN ('bound', 'peer') AND lease.starts_at <= @at";

/** Whoever has an address since then has it by the table. It knows renewals, and the history may have forgotten the beginning. */
const STILL = `(SELECT position, hardware, address, mac, hostname, state_then AS state, starts, expires, updated, vps_id,
    node, client, lease_seconds, reservation_id, organization_id, port FROM (
  SELECT lease.address AS position, lease.mac AS hardware,
    CASE WHEN state = 'bound' AND expires_at <= @at THEN 'expired' ELSE state END AS state_then, ${LEASES_VIEW_COLUMNS}
  FROM lease WHERE ${IS_HELD}
    AND lease.address > @after AND lease.address <= @upTo))`;

/** The others by their last row until then. Renewals leave no row, so it is not known until when a lease was to run. */
const THEN = `(SELECT position, hardware, address, mac, hostname, state, at AS starts, NULL AS expires, at AS updated,
    vps_id, node, client, NULL AS lease_seconds, reservation_id, organization_id, port, id FROM (
  SELECT history.id AS id, history.address AS position, history.mac AS hardware,
    CASE WHEN event IN ('bound', 'peer') THEN event
      WHEN event = 'declined' AND expires_at > @at THEN event ELSE 'free' END AS state, ${HISTORY_COLUMNS}
  FROM history WHERE history.id < @before AND history.id >= @downTo AND history.at <= @at
    AND event NOT IN ('reserved', 'unreserved', '${CLOCK_TRUSTED}') AND (@address IS NULL OR history.address = @address)
    AND NOT EXISTS (SELECT 1 FROM lease WHERE lease.address = history.address AND ${IS_HELD})))`;

const HISTORY_PAGE = `SELECT min(id) FROM (SELECT id FROM history WHERE id < ? ORDER BY id DESC LIMIT ${PAGE_ROWS})`;

/** Where a row that is to be shown was found: in the table, or in the history by this id. */
type Found = 'table' | number;

/**
 * Who had which address at a time, in short reads: what changes meanwhile may be found or not. An address that nobody had is
 * left out.
 *
 * @throws the signal's reason when nobody waits for the answer any more.
 */
export async function searchLeasesAt(
  database: Database,
  search: LeaseSearchAt,
  signal: AbortSignal,
): Promise<LeasesThen> {
  const order = new FirstOfOrder(search.limit + 1, search.isDescending, search.after);
  const foundAt = new Map<number, Found>();
  const show = (position: number, found: Found) => {
    if (foundAt.has(position)) return; // It has changed between two reads.
    order.add({ key: position, position });
    foundAt.set(position, found);
    if (foundAt.size > 4 * search.limit + PAGE_ROWS) forgetOthers(foundAt, order.rows);
  };
  let total = await lookInTable(database, search, order, signal, show);
  const seen = new Set<number>();
  const take = (position: number, isWanted: boolean, id: number) => {
    if (seen.has(position)) return;
    seen.add(position);
    if (!isWanted) return;
    total += 1;
    show(position, id);
  };
  const since = await lookInHistory(database, search, signal, take);
  const { rows } = order;
  const page = rows.slice(0, search.limit);
  return {
    rows: page.flatMap(({ position }) => rowOf(database, search.at, position, foundAt.get(position)) ?? []),
    total,
    last: rows.length > search.limit ? page.at(-1) : undefined,
    since,
  };
}

type Show = (position: number, found: Found) => void;
/** Called for each row of the history until that time; the newest one of an address comes first. */
type Take = (position: number, isWanted: boolean, id: number) => void;

/** Shows those that may be on the page. Returns how many are found in all. */
async function lookInTable(
  database: Database,
  { at, conditions, isDescending, limit, after }: LeaseSearchAt,
  order: FirstOfOrder,
  signal: AbortSignal,
  show: Show,
): Promise<number> {
  const { sql, values } = sqlOf(conditions);
  const counted = database.prepare(`SELECT count(*) FROM ${STILL} WHERE ${sql}`).pluck();
  const first = database
    .prepare(
      `SELECT position FROM ${STILL} WHERE ${sql} ORDER BY position ${isDescending ? 'DESC' : 'ASC'} LIMIT ${limit + 1}`,
    )
    .pluck();
  const endOf = leasePages(database);
  const address = addressOf(conditions);
  let total = 0;
  for (let from = address === null ? -1 : address - 1; from < (address ?? 0xffff_ffff); ) {
    const end = endOf(from);
    if (end === undefined) break;
    const upTo = Math.min(end, address ?? end);
    const among = { ...values, at };
    const count = Number(counted.get({ ...among, after: from, upTo }));
    total += count;
    // The page goes on from `after`: to lower addresses in descending order, else to higher ones.
    const [lower, upper] = isDescending
      ? [from, Math.min(upTo, (after?.position ?? upTo + 1) - 1)]
      : [Math.max(from, after?.position ?? from), upTo];
    if (count > 0 && lower < upper && (isDescending || order.last === undefined))
      for (const position of first.all({ ...among, after: lower, upTo: upper }))
        show(Number(position), 'table');
    from = end;
    await betweenPages(signal);
  }
  return total;
}

/** Returns the time of the oldest row. */
async function lookInHistory(
  database: Database,
  { at, conditions }: LeaseSearchAt,
  signal: AbortSignal,
  take: Take,
): Promise<number | undefined> {
  const { sql, values } = sqlOf(conditions);
  const rows = database
    .prepare(`SELECT position, state <> 'free' AND ${sql}, id FROM ${THEN} ORDER BY id DESC`)
    .raw();
  const pageEnd = database.prepare(HISTORY_PAGE).pluck();
  const address = addressOf(conditions);
  for (let before = Number.MAX_SAFE_INTEGER; ; ) {
    const downTo: unknown = pageEnd.get(before);
    if (typeof downTo !== 'number') break;
    for (const row of rows.iterate({ ...values, at, before, downTo, address })) {
      const [position, isWanted, id] = row as [number, number, number];
      take(position, isWanted === 1, id);
    }
    before = downTo;
    await betweenPages(signal);
  }
  const oldest: unknown = database.prepare('SELECT at FROM history ORDER BY id LIMIT 1').pluck().get();
  return typeof oldest === 'number' ? oldest : undefined;
}

function rowOf(
  database: Database,
  at: number,
  position: number,
  found: Found | undefined,
): ListedLease | undefined {
  const inTable = { at, after: position - 1, upTo: position };
  const row =
    typeof found === 'number'
      ? database
          .prepare(`SELECT ${SHOWN} FROM ${THEN}`)
          .get({ at, before: found + 1, downTo: found, address: null })
      : database.prepare(`SELECT ${SHOWN} FROM ${STILL}`).get(inTable);
  if (row === undefined) return undefined;
  const { position: _, ...lease } = row as ListedLease & { readonly position: number };
  return lease;
}

function addressOf(conditions: readonly LeaseCondition[]): number | null {
  const exact = conditions.find(({ name, isNegated }) => name === 'address' && !isNegated)?.value;
  return typeof exact === 'number' ? exact : null;
}

function forgetOthers(foundAt: Map<number, Found>, rows: readonly Ranked[]): void {
  const kept = new Set(rows.map(({ position }) => position));
  for (const position of foundAt.keys()) if (!kept.has(position)) foundAt.delete(position);
}
