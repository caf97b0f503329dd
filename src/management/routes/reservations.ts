import { z } from 'zod';
import type { Reservation } from '../../lease/reservation/reservation.ts';
import { reservationToJson } from '../../lease/reservation/reservation-fields.ts';
import { readReservation, readReservations } from '../../store/sqlite/query/read-reservations.ts';
import { cursorFromText, cursorToText } from '../http/cursor.ts';
import { type Operation, operation } from '../http/operation.ts';
import { notFound } from '../http/problem.ts';
import { RESERVATION, WHOLE_RESERVATION } from '../http/reservation-schemas.ts';
import { addressText, LIST_QUERY, listOf, macText, text } from '../http/schemas.ts';
import { etagOf, leaseAt, wholeReservation } from './reservation-answer.ts';
import type { RouteParts } from './route-parts.ts';
import { refuseOtherSegment } from './segment.ts';

const LIST = 'reservations';

const QUERY = z.object({
  ...LIST_QUERY,
  address: addressText.optional(),
  mac: macText.optional(),
  client_id: z
    .string()
    .max(764)
    .regex(/^[0-9a-f]{2}(:?[0-9a-f]{2})+$/i, 'is not hexadecimal digits')
    .transform((digits) => digits.replaceAll(':', '').toLowerCase())
    .optional()
    .meta({ description: 'Option 61, as hexadecimal digits' }),
  hostname: text.optional().meta({ description: 'A part of it' }),
  vps_id: text.optional(),
  organization_id: text.optional(),
  port: text.optional(),
  source: z.enum(['api', 'file', 'platform']).optional(),
  label: z
    .string()
    .regex(/^[^=]+=/, 'is not name=value')
    .max(512)
    .optional()
    .meta({ description: 'name=value: those that have this label' }),
  q: text.optional().meta({ description: 'A part of anything that it has' }),
  retired: z
    .enum(['true', 'false'])
    .default('false')
    .meta({ description: 'true: those that were removed, and whose address is kept' }),
});
type Query = z.output<typeof QUERY>;

/** Reading reservations: from the lease file, in the management thread. */
export function reservationReadRoutes(parts: RouteParts): readonly Operation[] {
  return [
    operation({
      method: 'get',
      path: '/reservations',
      name: 'listReservations',
      summary: 'The reservations, in the order of their ids',
      query: QUERY,
      answer: listOf(RESERVATION),
      run: async ({ query, signal }) => {
        refuseOtherSegment(parts, query.segment);
        const after = cursorFromText(LIST, query.cursor)?.key;
        return await parts.leases.read(async ({ database, asOf }) => {
          const all = await readReservations(database, (each) => isWanted(each, query), signal);
          const rest = after === undefined ? all : all.filter(({ id }) => id > String(after));
          const page = rest.slice(0, query.limit);
          const last = rest.length > page.length ? page.at(-1) : undefined;
          const next = last === undefined ? null : cursorToText(LIST, { key: last.id, position: 0 });
          return { items: page.map(reservationToJson), total: all.length, next, as_of: asOf };
        });
      },
    }),
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
          return { reservation, lease: await leaseAt(database, reservation, signal) };
        });
        const { figures } = await parts.asked.result();
        const pending = await parts.gateway.pendingOf(found.reservation.id);
        const body = wholeReservation(parts, found.reservation, {
          ...found,
          pending,
          isShared: figures.isShared,
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

function isWanted(reservation: Reservation, query: Query): boolean {
  const { address, mac, client_id, hostname, vps_id, organization_id, port, source, label, q, retired } =
    query;
  if ((reservation.retiredUntil !== undefined) !== (retired === 'true')) return false;
  if (address !== undefined && reservation.address !== address) return false;
  if (mac !== undefined && !reservation.macs.includes(mac)) return false;
  if (client_id !== undefined && reservation.clientId !== client_id) return false;
  if (hostname !== undefined && !holds(reservation.hostname, hostname)) return false;
  if (vps_id !== undefined && reservation.vpsId !== vps_id) return false;
  if (organization_id !== undefined && reservation.organizationId !== organization_id) return false;
  if (port !== undefined && reservation.port !== port) return false;
  if (source !== undefined && reservation.source !== source) return false;
  if (label !== undefined && !hasLabel(reservation, label)) return false;
  return (
    q === undefined || Object.values(reservationToJson(reservation)).some((value) => holds(textOf(value), q))
  );
}

function hasLabel({ labels }: Reservation, label: string): boolean {
  const at = label.indexOf('=');
  const name = label.slice(0, at);
  return Object.hasOwn(labels, name) && labels[name] === label.slice(at + 1);
}

function holds(whole: string | undefined, part: string): boolean {
  return whole?.toLowerCase().includes(part.toLowerCase()) === true;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
