import type { Database } from 'better-sqlite3';
import type { ListedLease } from '../lease-reader.ts';
import { LEASE_COLUMNS } from '../tables/schema.ts';
import { FirstOfOrder, type Ranked } from './first-of-order.ts';
import { type LeaseCondition, sqlOf } from './lease-conditions.ts';
import { betweenPages, PAGE_ROWS } from './pages.ts';

/** What leases may be sorted by, and the column that has it. */
export const SORT_COLUMNS = {
  address: 'position',
  mac: 'hardware',
  hostname: "lower(coalesce(hostname, ''))",
  state: 'state',
  starts: 'starts_at',
  expires: 'expires_at',
  updated: 'updated_at',
  vps_id: "coalesce(vps_id, '')",
  node: "coalesce(node, '')",
} as const;
export type LeaseSort = keyof typeof SORT_COLUMNS;

/** What may be counted by its values. */
export const FACETS = ['state', 'node', 'organization_id'] as const;
export type Facet = (typeof FACETS)[number];
/** Values of one facet that are counted; further ones are counted together, as `other`. */
const MOST_VALUES = 1000;

export interface LeaseSearch {
  readonly conditions: readonly LeaseCondition[];
  readonly sort: LeaseSort;
  readonly isDescending: boolean;
  readonly limit: number;
  /** Only rows behind this one, in this order. */
  readonly after: Ranked | undefined;
  readonly facets: readonly Facet[];
}

export interface FoundLeases {
  /** Of all that is listed. */
  readonly page: readonly Ranked[];
  /** The leases among that. */
  readonly rows: readonly ListedLease[];
  readonly total: number;
  /** The last row, if there are more. */
  readonly last: Ranked | undefined;
  readonly facets: Readonly<Partial<Record<Facet, Readonly<Record<string, number>>>>>;
}

const PAGE_END = `SELECT max(address) FROM (SELECT address FROM lease WHERE address > ? ORDER BY address LIMIT ${PAGE_ROWS})`;
const LISTED = `SELECT lease.address AS position, lease.mac AS hardware, lease.starts_at AS starts_at,
  lease.expires_at AS expires_at, lease.updated_at AS updated_at, ${LEASE_COLUMNS} FROM lease`;

/** A row of a lease, as far as it is judged. */
export interface LookedAt {
  readonly position: number;
  /** The network card as a number; 0: none. */
  readonly hardware: number;
  readonly state: string;
  /** As it was when the lease was written last. */
  readonly reservationId: string | null;
}

/** What is listed with the leases, in one order. No lease that is listed has the same address. */
export interface Beside {
  /** False: that lease is not listed. */
  lists(lease: LookedAt): boolean;
  readonly rows: readonly (Ranked & { readonly facets: readonly unknown[] })[];
}

/**
 * Finds leases in short reads, each of a view of the file of its own: what changes meanwhile may be found or not.
 *
 * @throws the signal's reason when nobody waits for the answer any more.
 */
export async function searchLeases(
  database: Database,
  search: LeaseSearch,
  signal: AbortSignal,
  beside?: Beside,
): Promise<FoundLeases> {
  const order = new FirstOfOrder(search.limit + 1, search.isDescending, search.after);
  const facets = new Map(search.facets.map((facet) => [facet, new Map<string, number>()]));
  const see: See = (key, position, values) => {
    order.add({ key, position });
    for (const [index, facet] of search.facets.entries()) countValue(facets.get(facet), values[index]);
  };
  // They come by address: once there are enough, the others are only counted.
  const isByAddress = search.sort === 'address' && !search.isDescending && search.facets.length === 0;
  const isFull = () => beside === undefined && isByAddress && order.rows.length > search.limit;
  for (const { key, position, facets: values } of beside?.rows ?? []) see(key, position, values);
  const found = await look(database, search, signal, see, isFull, beside);
  const total = found + (beside?.rows.length ?? 0);
  const { rows } = order;
  const page = rows.slice(0, search.limit);
  const row = database.prepare(`SELECT ${LEASE_COLUMNS} FROM lease WHERE address = ?`);
  return {
    rows: page.flatMap(({ position }) => (row.get(position) as ListedLease | undefined) ?? []),
    page,
    total,
    last: rows.length > search.limit ? page.at(-1) : undefined,
    facets: Object.fromEntries([...facets].map(([facet, counts]) => [facet, Object.fromEntries(counts)])),
  };
}

type See = (key: string | number, position: number, facets: readonly unknown[]) => void;

/** Shows all that have the conditions. Returns how many they are. */
async function look(
  database: Database,
  { conditions, sort, facets }: LeaseSearch,
  signal: AbortSignal,
  see: See,
  isFull: () => boolean,
  beside: Beside | undefined,
): Promise<number> {
  const { sql, values } = sqlOf(conditions);
  const columns = [SORT_COLUMNS[sort], 'position', 'hardware', 'state', 'reservation_id', ...facets].join(
    ', ',
  );
  const rows = database
    .prepare(`SELECT ${columns} FROM (${LISTED}) WHERE position > @after AND position <= @upTo AND ${sql}`)
    .raw();
  const pageEnd = database.prepare(PAGE_END).pluck();
  const [first, last] = rangeOf(conditions);
  const counted = database
    .prepare(`SELECT count(*) FROM (${LISTED}) WHERE position > @after AND position <= @upTo AND ${sql}`)
    .pluck();
  let total = 0;
  for (let after = first; after < last; ) {
    const end: unknown = pageEnd.get(after);
    if (typeof end !== 'number') break;
    const upTo = Math.min(end, last);
    if (isFull()) total += Number(counted.get({ ...values, after, upTo }));
    else
      for (const row of rows.iterate({ ...values, after, upTo })) {
        const [key, position, hardware, state, reservationId, ...found] = row as Row;
        if (beside?.lists({ position, hardware, state, reservationId }) === false) continue;
        see(key, position, found);
        total += 1;
      }
    after = end;
    await betweenPages(signal);
  }
  return total;
}

type Row = [
  key: string | number,
  position: number,
  hardware: number,
  state: string,
  reservationId: string | null,
  ...facets: unknown[],
];

/** The addresses that can be found: behind the first, up to the last. */
function rangeOf(conditions: readonly LeaseCondition[]): readonly [number, number] {
  const exact = conditions.find(({ name, isNegated }) => name === 'address' && !isNegated)?.value;
  return typeof exact === 'number' ? [exact - 1, exact] : [-1, 0xffff_ffff];
}

/** One more of a value; once there are very many different ones, further ones are counted together. */
export function countValue(counts: Map<string, number> | undefined, value: unknown): void {
  if (counts === undefined) return;
  const text = typeof value === 'string' ? value : '';
  const name = counts.has(text) || counts.size < MOST_VALUES ? text : 'other';
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
