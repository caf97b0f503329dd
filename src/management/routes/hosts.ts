import { z } from 'zod';
import { HOST_FORMATS, type HostFormat, hostsOf } from '../../reporting/host-formats.ts';
import { runningLeases } from '../../store/sqlite/query/named-leases.ts';
import { readReservations } from '../../store/sqlite/query/read-reservations.ts';
import { type Operation, operation } from '../http/operation.ts';
import { ApiProblem } from '../http/problem.ts';
import { text } from '../http/schemas.ts';
import type { RouteParts } from './route-parts.ts';
import { refuseOtherSegment } from './segment.ts';

/** To decide which guest a name belongs to, all leases are held in memory, of which this thread has little. */
const MOST = 200_000;

export function hostsRoute(parts: RouteParts): Operation {
  return operation({
    method: 'get',
    path: '/hosts',
    name: 'listHosts',
    readsAll: true,
    summary: 'Names and addresses of the leases that run, for a DNS server or another DHCP server',
    query: z.object({
      segment: text.optional(),
      format: z.enum(Object.keys(HOST_FORMATS) as readonly HostFormat[]).default('hosts'),
    }),
    answer: 'text/plain',
    problems: { 422: 'More leases run than one list can have' },
    run: async ({ query, signal }) => {
      refuseOtherSegment(parts, query.segment);
      const hosts = await parts.leases.read(async ({ database }) => {
        const rows = await runningLeases(database, parts.now(), MOST, signal);
        if (rows.length > MOST) throw tooMany();
        return hostsOf(rows, await readReservations(database, () => true, signal));
      });
      const { type, write } = HOST_FORMATS[query.format];
      return new Response(write(hosts, parts.subnet().domain), {
        headers: { 'content-type': type, 'cache-control': 'no-store' },
      });
    },
  });
}

function tooMany(): ApiProblem {
  return new ApiProblem({
    status: 422,
    word: 'too-many',
    title: 'The list would be too long',
    detail: `more than ${MOST} leases run: read them page by page (/api/v1/leases?state=bound&limit=1000)`,
  });
}
