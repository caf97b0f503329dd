import { z } from 'zod';
import { HOST_FORMATS, type HostFormat, hostsOf } from '../../reporting/host-formats.ts';
import { runningLeases } from '../../store/sqlite/query/named-leases.ts';
import { readReservations } from '../../store/sqlite/query/read-reservations.ts';
import { type Operation, operation } from '../http/operation.ts';
import { text } from '../http/schemas.ts';
import type { RouteParts } from './route-parts.ts';
import { refuseOtherSegment } from './segment.ts';

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
    run: async ({ query, signal }) => {
      refuseOtherSegment(parts, query.segment);
      const hosts = await parts.leases.read(async ({ database }) => {
        const rows = await runningLeases(database, parts.now(), signal);
        return hostsOf(rows, await readReservations(database, () => true, signal));
      });
      const { type, write } = HOST_FORMATS[query.format];
      return new Response(write(hosts, parts.subnet().domain), {
        headers: { 'content-type': type, 'cache-control': 'no-store' },
      });
    },
  });
}
