import type { Database } from 'better-sqlite3';
import type { ListedEvent } from '../lease-reader.ts';
import { HISTORY_COLUMNS } from '../tables/schema.ts';
import { betweenPages, PAGE_ROWS } from './pages.ts';

export interface HistorySearch {
  readonly address?: number | undefined;
  readonly mac?: number | undefined;
  readonly vpsId?: string | undefined;
  readonly author?: string | undefined;
  /** Not before, and not after: wall-clock milliseconds. */
  readonly since?: number | undefined;
  readonly until?: number | undefined;
  readonly limit: number;
  /** Only rows with a lower id. */
  readonly before: number | undefined;
  /** False: the total is not wanted, and the search ends with the rows that are. */
  readonly isCounted?: boolean;
}

/** Who ordered it, and why; null: no order from outside. */
export type FoundEvent = ListedEvent & {
  readonly id: number;
  readonly author: string | null;
  readonly note: string | null;
};

export interface FoundEvents {
  readonly rows: readonly FoundEvent[];
  /** 0 if it was not wanted. */
  readonly total: number;
  /** The id of the last row, if there are more. */
  readonly last: number | undefined;
}

/** Ids have few gaps, so a page is a range of PAGE_ROWS ids that ends with the newest below a bound. */
const NEWEST = 'SELECT max(id) FROM history WHERE id < ?';
const WHERE = `history.id < @before AND history.id >= @downTo
  AND (@address IS NULL OR address = @address) AND (@mac IS NULL OR mac = @mac)
  AND (@vpsId IS NULL OR vps_id = @vpsId)
  AND (@author IS NULL OR substr(reason || ': ', instr(reason, ' '), length(@author) + 6) = ' by ' || @author || ': ')
  AND (@since IS NULL OR at >= @since) AND (@until IS NULL OR at <= @until)`;

/**
 * Finds rows of the history in short reads, the newest first.
 *
 * @throws the signal's reason when nobody waits for the answer any more.
 */
export async function searchHistory(
  database: Database,
  {
    address = null,
    mac = null,
    vpsId = null,
    author = null,
    since = null,
    until = null,
    isCounted = true,
    ...page
  }: NullableSearch,
  signal: AbortSignal,
): Promise<FoundEvents> {
  const values = { address, mac, vpsId, author, since, until };
  const counted = database.prepare(`SELECT count(*) FROM history WHERE ${WHERE}`).pluck();
  const read = database.prepare(
    `SELECT history.id AS id, ${HISTORY_COLUMNS} FROM history WHERE ${WHERE} ORDER BY history.id DESC LIMIT @most`,
  );
  const newest = database.prepare(NEWEST).pluck();
  const rows: FoundEvent[] = [];
  let total = 0;
  for (let before = Number.MAX_SAFE_INTEGER; ; ) {
    const first: unknown = newest.get(before);
    if (typeof first !== 'number' || (!isCounted && rows.length > page.limit)) break;
    const downTo = first - PAGE_ROWS + 1;
    if (isCounted) total += Number(counted.get({ ...values, before, downTo }));
    const most = page.limit + 1 - rows.length;
    const from = Math.min(before, page.before ?? before);
    if (most > 0 && from > downTo)
      rows.push(
        ...read
          .all({ ...values, before: from, downTo, most })
          .map((row) => foundEventOf(row as ListedEvent & { id: number })),
      );
    before = downTo;
    await betweenPages(signal);
  }
  const last = rows.length > page.limit ? rows[page.limit - 1]?.id : undefined;
  return { rows: rows.slice(0, page.limit), total, last };
}

type NullableSearch = {
  readonly [Name in keyof Omit<HistorySearch, 'isCounted'>]: HistorySearch[Name] | null;
} & Pick<HistorySearch, 'limit' | 'before' | 'isCounted'>;

/** `word by author: note`, as `historyReason` writes it. */
export function foundEventOf(row: ListedEvent & { readonly id: number }): FoundEvent {
  const [, word = row.reason, author = null, note = null] =
    /^(\S+)(?: by (\S+?)(?:: (.*))?)?$/.exec(row.reason) ?? [];
  return { ...row, reason: word, author, note };
}
