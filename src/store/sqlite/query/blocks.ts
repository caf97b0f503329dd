import type { Database } from 'better-sqlite3';
import { leasePages } from './lease-pages.ts';
import { betweenPages } from './pages.ts';

/** The leases of 256 addresses, by the state of their rows. */
export interface LeaseBlock {
  /** The first address. */
  readonly first: number;
  readonly states: Readonly<Record<string, number>>;
}

const NOW = "CAST(strftime('%s', 'now') AS INTEGER) * 1000";
const STATE = `CASE WHEN state = 'bound' AND expires_at <= ${NOW} THEN 'expired'
  WHEN state = 'declined' AND expires_at <= ${NOW} THEN 'free' ELSE state END`;

/**
 * Counts leases by blocks, in short reads.
 *
 * @throws the signal's reason when nobody waits for the answer any more.
 */
export async function countBlocks(
  database: Database,
  first: number,
  last: number,
  signal: AbortSignal,
): Promise<readonly LeaseBlock[]> {
  const endOf = leasePages(database);
  const counted = database
    .prepare(
      `SELECT address & ~255, ${STATE}, count(*) FROM lease WHERE address > @after AND address <= @upTo GROUP BY 1, 2`,
    )
    .raw();
  const blocks = new Map<number, Record<string, number>>();
  for (let after = first - 1; after < last; ) {
    const end = endOf(after);
    if (end === undefined) break;
    for (const row of counted.all({ after, upTo: Math.min(end, last) })) {
      const [block, state, count] = row as [number, string, number];
      const states = blocks.get(block) ?? {};
      states[state] = (states[state] ?? 0) + count;
      blocks.set(block, states);
    }
    after = end;
    await betweenPages(signal);
  }
  return [...blocks]
    .sort(([one], [other]) => one - other)
    .map(([block, states]) => ({ first: block, states }));
}
