import type { Database } from 'better-sqlite3';
import type { ListedLease } from '../lease-reader.ts';
import { LEASES_VIEW_COLUMNS } from '../tables/schema.ts';
import { FirstOfOrder, type Ranked } from './first-of-order.ts';
import type { LeaseCondition } from './lease-conditions.ts';
import { leasePages } from './lease-pages.ts';
import type { Beside, Facet, LeaseSearch } from './lease-search.ts';
import { LeaseSlices } from './lease-slices.ts';
import { betweenPages } from './pages.ts';

/** Values of one facet that are counted; further ones are counted together, as `other`. */
const MOST_VALUES = 1000;

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
  let total = 0;
  const count = (leases: number, values: readonly unknown[]) => {
    total += leases;
    for (const [index, facet] of search.facets.entries())
      countValue(facets.get(facet), values[index], leases);
  };
  for (const { key, position, facets: values } of beside?.rows ?? []) {
    order.add({ key, position });
    count(1, values);
  }
  await look(database, search.conditions, new LeaseSlices(database, search, beside, order, count), signal);
  const { rows } = order;
  const page = rows.slice(0, search.limit);
  const row = database.prepare(`SELECT ${LEASES_VIEW_COLUMNS} FROM lease WHERE address = ?`);
  return {
    rows: page.flatMap(({ position }) => (row.get(position) as ListedLease | undefined) ?? []),
    page,
    total,
    last: rows.length > search.limit ? page.at(-1) : undefined,
    facets: Object.fromEntries([...facets].map(([facet, counts]) => [facet, Object.fromEntries(counts)])),
  };
}

/** Looks at all slices that may have what is wanted. */
async function look(
  database: Database,
  conditions: readonly LeaseCondition[],
  slices: LeaseSlices,
  signal: AbortSignal,
): Promise<void> {
  const endOf = leasePages(database);
  const [first, last] = rangeOf(conditions);
  for (let after = first; after < last; ) {
    const end = endOf(after);
    if (end === undefined) return;
    slices.look(after, Math.min(end, last));
    after = end;
    await betweenPages(signal);
  }
}

/** The addresses that can be found: behind the first, up to the last. */
function rangeOf(conditions: readonly LeaseCondition[]): readonly [number, number] {
  const exact = conditions.find(({ name, isNegated }) => name === 'address' && !isNegated)?.value;
  return typeof exact === 'number' ? [exact - 1, exact] : [-1, 0xffff_ffff];
}

/** More of a value; once there are very many different ones, further ones are counted together. */
export function countValue(counts: Map<string, number> | undefined, value: unknown, more = 1): void {
  if (counts === undefined) return;
  const text = typeof value === 'string' ? value : '';
  const name = counts.has(text) || counts.size < MOST_VALUES ? text : 'other';
  counts.set(name, (counts.get(name) ?? 0) + more);
}
