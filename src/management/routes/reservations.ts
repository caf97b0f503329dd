import { z } from 'zod';
import { readReservation } from '../../store/sqlite/query/read-reservations.ts';
import { type Operation, operation } from '../http/operation.ts';
import { notFound } from '../http/problem.ts';
import { WHOLE_RESERVATION } from '../http/reservation-schemas.ts';
import { text } from '../http/schemas.ts';
import { etagOf, leaseAt, NO_PROGRESS, wholeReservation, withLeaseOfPort } from './reservation-answer.ts';
import { reservationListRoute } from './reservation-list.ts';
import type { RouteParts } from './route-parts.ts';
import { refuseOtherSegment } from './segment.ts';

/** Reading reservations: from the lease file, in the management thread. */
export function reservationReadRoutes(parts: RouteParts): readonly Operation[] {
  return [
    reservationListRoute(parts),
    operation({
      method: 'get',
      path: '/reservations/{id}',
      name: 'getReservation',
      summary: 'One reservation, with what its guest is to use and what it has now',
      query: z.object({ segment: text.optional() }),
      answer: WHOLE_RESERVATION,
      problems: { 404: 'There is none of this id in force' },
      run: async ({ query, path, signal }) => {
        refuseOtherSegment(parts, query.segment);
        const id = path['id'] ?? '';
        const found = await parts.leases.read(async ({ database }) => {
          const reservation = readReservation(database, id);
          if (reservation === undefined || reservation.retiredUntil !== undefined)
            throw notFound('there is no reservation of this id in force');
          const known = (await parts.gateway.progressOf(reservation.id)) ?? NO_PROGRESS;
          const progress = await withLeaseOfPort(known, database, reservation, signal);
          return { reservation, progress, lease: await leaseAt(database, reservation, signal) };
        });
        const { figures } = await parts.asked.result();
        const body = wholeReservation(parts, found.reservation, {
          ...found,
          figures,
        });
        return new Response(`${JSON.stringify(body)}\n`, {
          headers: {
            'content-type': 'application/json',
            etag: etagOf(found.reservation),
            'cache-control': 'no-store',
          },
        });
      },
    }),
  ];
}
