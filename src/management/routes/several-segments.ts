import { z } from 'zod';
import { worstVerdict } from '../../reporting/segments-status.ts';
import { type Operation, operation, type Request } from '../http/operation.ts';
import { ApiProblem } from '../http/problem.ts';
import { text } from '../http/schemas.ts';
import { type Info, infoOf } from './info.ts';
import { operationsOf, withDocument } from './operations.ts';
import type { RouteParts } from './route-parts.ts';

/** What is asked of the process, whichever segment it is asked of. */
const OF_PROCESS: readonly string[] = ['/reload'];

/** Every operation below /api/v1. With several segments each is about one of them, which its query names. */
export function operationsOfAll(segments: readonly RouteParts[]): readonly Operation[] {
  const lists = segments.map(operationsOf);
  const [operations = []] = lists;
  const all =
    segments.length < 2
      ? operations
      : operations.map((each, index) => {
          if (OF_PROCESS.includes(each.path)) return each;
          if (each.path === '/info') return infoOperation(each, segments);
          return ofOne(
            each,
            lists.flatMap((list) => list[index] ?? []),
            segments,
          );
        });
  return withDocument(all, segments[0]?.options.version ?? '');
}

function infoOperation(each: Operation, segments: readonly RouteParts[]): Operation {
  return operation({
    ...each,
    run: async ({ author, mayWrite }) => ({ ...(await infoOfAll(segments)), author, may_write: mayWrite }),
  });
}

/** The same operation of each segment as one that is told which segment is meant. */
function ofOne(first: Operation, each: readonly Operation[], segments: readonly RouteParts[]): Operation {
  const query = (first.query ?? z.object({})).extend({
    segment: text.optional().meta({ description: 'Which segment; needed where several are served' }),
  });
  return operation({
    ...first,
    query,
    run: (request) => {
      const chosen = each[indexOf(segments, request.query.segment)];
      if (chosen === undefined) throw new Error('each segment has every operation');
      return chosen.run(request as Request<never, never>);
    },
  });
}

/** @throws ApiProblem if no segment is named, or none that is served. */
function indexOf(segments: readonly RouteParts[], wanted: string | undefined): number {
  const names = segments.map(({ options }) => options.segment);
  const served = names.join(', ');
  if (wanted === undefined)
    throw new ApiProblem({
      status: 400,
      word: 'segment-needed',
      title: 'The request names no segment',
      detail: `several segments are served: ${served}`,
      errors: [{ pointer: '/segment', detail: 'is needed where several segments are served' }],
    });
  const named = names.indexOf(wanted);
  if (named >= 0) return named;
  const bySubnet = segments.flatMap((parts, index) => (parts.subnet().prefix === wanted ? [index] : []));
  const [only] = bySubnet;
  if (only !== undefined && bySubnet.length === 1) return only;
  throw new ApiProblem({
    status: 404,
    word: 'no-such-segment',
    title: 'This gateway does not serve that segment',
    detail: only === undefined ? `it serves ${served}` : `several have that subnet; it serves ${served}`,
  });
}

/** All segments, and of the whole what is true of any of them. */
async function infoOfAll(segments: readonly RouteParts[]): Promise<Info> {
  const infos = await Promise.all(segments.map(infoOf));
  const [first] = infos;
  if (first === undefined) throw new Error('there is at least one segment');
  const union = (list: (info: Info) => readonly string[]) => [...new Set(infos.flatMap(list))];
  const alike = <Value>(of: (info: Info) => Value): Value | undefined => {
    const values = new Set(infos.map(of));
    return values.size === 1 ? of(first) : undefined;
  };
  return {
    ...first,
    status: alike(({ status }) => status) ?? 'degraded',
    verdict: worstVerdict(infos.map(({ verdict }) => verdict)),
    segments: infos.flatMap((info) => info.segments),
    can_promise: infos.every(({ can_promise }) => can_promise),
    transport: alike(({ transport }) => transport) ?? null,
    peers: union(({ peers }) => peers),
    cluster: union(({ cluster }) => cluster),
    sharing: infos.find(({ sharing }) => sharing !== null)?.sharing ?? null,
    rogue_servers: union(({ rogue_servers }) => rogue_servers),
  };
}
