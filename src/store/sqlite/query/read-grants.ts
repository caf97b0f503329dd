import type { Database } from 'better-sqlite3';
import { betweenPages, PAGE_ROWS } from './pages.ts';

/** The most rows of the history that are looked at. */
const MOST_ROWS = 200_000;

export interface Grant {
  readonly client: string;
  /** The node whose gateway granted it. */
  readonly node: string | null;
  /** Where the guest was plugged in, at that node; null: that was not seen. */
  readonly port: string | null;
}

/**
 * Shows the new leases since a time, the newest first, in short reads; of very many the newest ones.
 *
 * @param since Wall-clock milliseconds.
 * @throws the signal's reason when nobody waits for the answer any more.
 */
export async function readGrants(
  database: Database,
  since: number,
  see: (grant: Grant) => void,
  signal: AbortSignal,
): Promise<void> {
  const page = database
    .prepare(
      `SELECT id, at, event, client, node, port FROM history WHERE id < ? ORDER BY id DESC LIMIT ${PAGE_ROWS}`,
    )
    .raw();
  let looked = 0;
  for (let before = Number.MAX_SAFE_INTEGER; looked < MOST_ROWS; ) {
    const rows = page.all(before) as readonly (readonly [
      number,
      number,
      string,
      string,
      string | null,
      string | null,
    ])[];
    for (const [id, at, event, client, node, port] of rows) {
      if (at < since) return;
      if (event === 'bound') see({ client, node, port });
      before = id;
    }
    looked += rows.length;
    if (rows.length < PAGE_ROWS) return;
    await betweenPages(signal);
  }
}
