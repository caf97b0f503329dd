import type { Database } from 'better-sqlite3';
import { LEASES_VIEW_COLUMNS } from '../tables/schema.ts';
import type { FirstOfOrder } from './first-of-order.ts';
import { sqlOf } from './lease-conditions.ts';
import { type Beside, type LeaseSearch, SORT_COLUMNS } from './lease-search.ts';
import { listedFunction } from './listed-function.ts';
import { PAGE_ROWS } from './pages.ts';

const LEASES = `(SELECT lease.address AS position, lease.mac AS hardware, lease.starts_at AS starts_at,
  lease.expires_at AS expires_at, lease.updated_at AS updated_at, ${LEASES_VIEW_COLUMNS} FROM lease)`;
/** Fewer rows of one slice than this are added one by one; more are counted, and sorted, by SQLite. */
const FEW = PAGE_ROWS / 20;

/** Is told how many more leases were found with these values of the facets. */
export type Count = (leases: number, facets: readonly unknown[]) => void;

type FoundRow = readonly [key: string | number, position: number, ...facets: unknown[]];

/**
 * Searches the leases slice by slice, in SQL. Of a million leases only these rows come to JavaScript: all of a slice where few
 * are found, else the first ones of it.
 */
export class LeaseSlices {
  readonly #database: Database;
  readonly #search: LeaseSearch;
  readonly #beside: Beside | undefined;
  readonly #order: FirstOfOrder;
  readonly #count: Count;
  /** What all of them are asked for. */
  readonly #wanted: string;
  readonly #values: Readonly<Record<string, string | number>>;
  readonly #few;
  readonly #counted;
  readonly #first;
  readonly #firstBeforeLast;
  #areMany: boolean;

  /**
   * @param order Takes the rows that are shown.
   * @param count Is told all that are found.
   */
  constructor(
    database: Database,
    search: LeaseSearch,
    beside: Beside | undefined,
    order: FirstOfOrder,
    count: Count,
  ) {
    this.#database = database;
    this.#search = search;
    this.#beside = beside;
    this.#order = order;
    this.#count = count;
    const { conditions, sort, facets, isDescending } = search;
    const { sql, values } = sqlOf(conditions);
    this.#wanted = beside === undefined ? sql : `${sql} AND ${listedFunction(database).sql}`;
    this.#values = values;
    const columns = [SORT_COLUMNS[sort], 'position', ...facets].join(', ');
    this.#few = this.#prepare(columns, '', `LIMIT ${FEW}`);
    const grouped = facets.join(', ');
    this.#counted =
      grouped === ''
        ? this.#prepare('count(*)')
        : this.#prepare(`count(*), ${grouped}`, '', `GROUP BY ${grouped}`);
    this.#first = this.#prepareFirst('');
    this.#firstBeforeLast = this.#prepareFirst(this.#is(isDescending ? '>' : '<', 'last'));
    this.#areMany = conditions.length === 0;
  }

  /** Looks at the addresses behind `from`, up to `upTo`. */
  look(from: number, upTo: number): void {
    if (this.#beside !== undefined) listedFunction(this.#database).use(this.#beside);
    const values = { ...this.#values, from, upTo };
    if (!this.#areMany && this.#showFew(values)) return;
    let leases = 0;
    for (const row of this.#counted.all(values)) {
      const [count, ...facets] = row as [number, ...unknown[]];
      this.#count(count, facets);
      leases += count;
    }
    this.#areMany = leases >= FEW;
    if (leases > 0 && this.#mayHaveFirst(from, upTo)) this.#showFirst(values);
  }

  /** Returns false if they are not few; then it has shown none. */
  #showFew(values: object): boolean {
    const rows = this.#few.all(values) as readonly FoundRow[];
    if (rows.length >= FEW) return false;
    for (const [key, position, ...facets] of rows) {
      this.#order.add({ key, position });
      this.#count(1, facets);
    }
    return true;
  }

  /** False: their addresses alone tell that none of them is shown. */
  #mayHaveFirst(from: number, upTo: number): boolean {
    const { sort, isDescending, after } = this.#search;
    if (sort !== 'address') return true;
    if (isDescending) return after === undefined || from + 1 < after.position;
    return this.#order.last === undefined && (after === undefined || upTo > after.position);
  }

  #showFirst(values: object): void {
    const { after } = this.#search;
    const { last } = this.#order;
    const bounds = {
      ...(after !== undefined && { afterKey: after.key, afterPosition: after.position }),
      ...(last !== undefined && { lastKey: last.key, lastPosition: last.position }),
    };
    const statement = last === undefined ? this.#first : this.#firstBeforeLast;
    for (const row of statement.all({ ...values, ...bounds })) {
      const [key, position] = row as FoundRow;
      this.#order.add({ key, position });
    }
  }

  #prepareFirst(isBeforeLast: string) {
    const { sort, isDescending, limit, after } = this.#search;
    const isBehind = after === undefined ? '' : this.#is(isDescending ? '<' : '>', 'after');
    const way = isDescending ? 'DESC' : 'ASC';
    return this.#prepare(
      `${SORT_COLUMNS[sort]} AS sorted, position`,
      `${isBehind} ${isBeforeLast}`,
      `ORDER BY sorted ${way}, position ${way} LIMIT ${limit + 1}`,
    );
  }

  #is(which: '<' | '>', bound: 'after' | 'last'): string {
    return `AND (${SORT_COLUMNS[this.#search.sort]}, position) ${which} (@${bound}Key, @${bound}Position)`;
  }

  /** @param bounds Are judged before the conditions, which take longer. */
  #prepare(columns: string, bounds = '', rest = '') {
    return this.#database
      .prepare(
        `SELECT ${columns} FROM ${LEASES} WHERE position > @from AND position <= @upTo ${bounds}
         AND ${this.#wanted} ${rest}`,
      )
      .raw();
  }
}
