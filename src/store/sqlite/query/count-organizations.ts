import type { Database } from 'better-sqlite3';
import { betweenPages } from './pages.ts';

/** Reservations that one read looks at. */
const PAGE_ROWS = 1000;
/** Organizations that are counted one by one; further ones are counted together. */
const MOST = 1000;
const OTHERS = 'other';

const PAGE = `SELECT id, organization_id, (SELECT count(*) FROM lease WHERE lease.address = page.address
    AND lease.organization_id = page.organization_id AND lease.state = 'bound' AND lease.expires_at > @now)
  FROM (SELECT id, organization_id, address FROM reservation WHERE id > @after ORDER BY id LIMIT ${PAGE_ROWS}) AS page`;

/**
 * Leases that run, by the organization that their reservation names: by the reservations, in short reads, whatever number of
 * leases there is.
 *
 * @param now Wall-clock milliseconds.
 * @throws the signal's reason when nobody waits for the answer any more.
 */
export async function countOrganizations(
  database: Database,
  now: number,
  signal: AbortSignal,
): Promise<Readonly<Record<string, number>>> {
  const page = database.prepare(PAGE).raw();
  const counts = new Map<string, number>();
  for (let after = ''; ; ) {
    const rows = page.all({ now, after }) as readonly (readonly [string, string | null, number])[];
    for (const [, organization, count] of rows) {
      if (organization === null || count === 0) continue;
      const name = counts.has(organization) || counts.size < MOST ? organization : OTHERS;
      counts.set(name, (counts.get(name) ?? 0) + count);
    }
    const last = rows.at(-1);
    if (rows.length < PAGE_ROWS || last === undefined) return Object.fromEntries(counts);
    after = last[0];
    await betweenPages(signal);
  }
}
