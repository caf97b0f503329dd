import { searchLeasesAt } from '../../store/sqlite/query/search-leases-at.ts';
import { cursorFromText, cursorToText } from '../http/cursor.ts';
import { badRequest } from '../http/problem.ts';
import { conditionsOf, type LeaseQuery, orderOf } from './lease-query.ts';
import type { RouteParts } from './route-parts.ts';

/** A clock of the asker that goes before ours by no more asks for what is true now: milliseconds. */
const AHEAD = 60_000;

/**
 * Who had which address at a time.
 *
 * @throws ApiProblem for a time to come, and for what only the present has.
 */
export async function leasesAtTime(
  { leases, now }: Pick<RouteParts, 'leases' | 'now'>,
  query: LeaseQuery,
  at: number,
  signal: AbortSignal,
): Promise<object> {
  const { sort, isDescending } = orderOf(query);
  if (at > now() + AHEAD) throw refused('/at', 'is still to come');
  if (sort !== 'address') throw refused('/sort', 'with `at` it may be address or -address');
  if (query.facets !== undefined) throw refused('/facets', 'with `at` nothing is counted by its values');
  const list = `leases ${query.sort} at ${at}`;
  const after = cursorFromText(list, query.cursor);
  const search = { at, conditions: conditionsOf(query), isDescending, limit: query.limit, after };
  return await leases.read(async ({ database, asOf }) => {
    const { rows, total, last, since } = await searchLeasesAt(database, search, signal);
    return {
      items: rows,
      total,
      next: last === undefined ? null : cursorToText(list, last),
      as_of: asOf,
      history_since: since === undefined ? null : new Date(since).toISOString(),
    };
  });
}

function refused(pointer: string, detail: string) {
  return badRequest('the query has faults', [{ pointer, detail }]);
}
