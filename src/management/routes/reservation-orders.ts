import { z } from 'zod';
import type { ReservationOrder } from '../../engine/order/reservation-order.ts';
import { isOutsideId, type OutsideId } from '../../lease/outside-id.ts';
import { readEntry } from '../../lease/reservation/read-entry.ts';
import { ipv4ToText } from '../../net/ipv4.ts';
import type { ReservationResult } from '../../server/order/reservation-intake.ts';
import { type Operation, operation, type Request } from '../http/operation.ts';
import { ApiProblem, badRequest } from '../http/problem.ts';
import { CHANGES, ENTRY, PROGRESS, WHOLE_RESERVATION } from '../http/reservation-schemas.ts';
import { addressText, text } from '../http/schemas.ts';
import { addressFromPath } from './leases.ts';
import { noteReservation } from './note-reservation.ts';
import { REASON } from './orders.ts';
import { etagOf, leaseAt, progressToJson, wholeReservation, withLeaseOfPort } from './reservation-answer.ts';
import { type FailedReservation, isFailed, reservationProblem } from './reservation-problem.ts';
import type { RouteParts } from './route-parts.ts';
import { refuseOtherSegment } from './segment.ts';

const QUERY = z.object({
  segment: text.optional(),
  reason: REASON.optional(),
  dry_run: z
    .enum(['true', 'false'])
    .default('false')
    .meta({ description: 'true: nothing is changed; the answer says what would be' }),
});
/** What would be. */
const DRY = z.object({
  id: z.string(),
  address: z.string().meta({ format: 'ipv4' }),
  change: z.enum(['added', 'changed', 'unchanged', 'removed']),
  changes: CHANGES,
  ...PROGRESS,
  dry_run: z.literal(true),
});
const REMOVE = QUERY.extend({
  address: addressText.optional().meta({ description: 'Only if that is its address' }),
  release: z.enum(['true', 'false']).default('false').meta({ description: 'true: its lease ends too' }),
});
const REMOVED = z.object({ id: z.string(), address: z.string(), released: z.boolean() });
const RESERVE = z.strictObject({ id: text.optional(), hostname: z.string().max(253).optional() });
const PROBLEMS = {
  404: 'There is none of this id in force',
  409: 'Another reservation has what it claims, or it is kept elsewhere; `type` and `errors` say which',
  412: 'It is another version than `If-Match` says',
  422: 'The entry has faults; `errors` names each',
} as const;

/** Changing one reservation. Each order is durable before it is answered. */
export function reservationOrderRoutes(parts: RouteParts): readonly Operation[] {
  return [
    operation({
      method: 'put',
      path: '/reservations/{id}',
      name: 'putReservation',
      summary:
        'Makes a reservation what the body says; a known id keeps its address unless the body has another',
      query: QUERY,
      body: z.record(z.string(), z.unknown()),
      describedBody: ENTRY,
      answer: z.union([WHOLE_RESERVATION, DRY]),
      problems: { 201: 'It is new; the body is the same', ...PROBLEMS },
      run: async (request) => {
        const { adopt, ...json } = request.body;
        const read = readEntry(json, request.path['id']);
        const faults = 'problems' in read ? [...read.problems] : [];
        if (adopt !== undefined && typeof adopt !== 'boolean')
          faults.push({ pointer: '/adopt', detail: 'is neither true nor false' });
        if (faults.length > 0 || 'problems' in read)
          throw reservationProblem({ outcome: 'refused', refusal: { why: 'invalid', problems: faults } });
        return await carryOut(parts, request, {
          kind: 'put',
          entry: read.entry,
          ...(adopt === true && { adopt }),
          ...conditionOf(request),
          ...orderedBy(request),
        });
      },
    }),
    operation({
      method: 'patch',
      path: '/reservations/{id}',
      name: 'patchReservation',
      summary: 'Changes members of a reservation (RFC 7396); null removes one',
      query: QUERY,
      body: z.unknown(),
      describedBody: ENTRY.omit({ adopt: true }),
      answer: z.union([WHOLE_RESERVATION, DRY]),
      problems: PROBLEMS,
      run: async (request) =>
        await carryOut(parts, request, {
          kind: 'patch',
          id: idOf(request.path['id']),
          patch: request.body,
          ...conditionOf(request),
          ...orderedBy(request),
        }),
    }),
    operation({
      method: 'delete',
      path: '/reservations/{id}',
      name: 'removeReservation',
      summary: 'Removes a reservation; its address is kept for its id for a day, and its lease runs out',
      query: REMOVE,
      answer: z.union([REMOVED, DRY]),
      problems: PROBLEMS,
      run: async (request) => await remove(parts, request),
    }),
    operation({
      method: 'post',
      path: '/leases/{address}/reserve',
      name: 'reserveLease',
      summary: 'Reserves the address of a lease for its holder',
      query: QUERY,
      body: RESERVE,
      answer: z.union([WHOLE_RESERVATION, DRY]),
      problems: { 201: 'It is new; the body is the same', ...PROBLEMS },
      run: async (request) => {
        const { id, hostname } = request.body;
        return await carryOut(parts, request, {
          kind: 'reserve-lease',
          address: addressFromPath(request.path['address']),
          ...(id !== undefined && { id: idOf(id) }),
          ...(hostname !== undefined && { hostname }),
          ...orderedBy(request),
        });
      },
    }),
  ];
}

type Asked = Request<z.output<typeof QUERY>, unknown>;

/** @throws ApiProblem if it is not carried out. */
async function carryOut(parts: RouteParts, request: Asked, order: ReservationOrder): Promise<Response> {
  refuseOtherSegment(parts, request.query.segment);
  const result = await parts.gateway.orderReservation(order);
  if (isFailed(result)) throw reservationProblem(result);
  if (order.isDryRun === true) return Response.json(await tried(parts, request, order, result));
  const { reservation } = result;
  if (reservation === undefined) throw reservationProblem({ outcome: 'conflict' });
  if (result.outcome === 'committed')
    noteReservation(parts, {
      id: reservation.id,
      address: reservation.address,
      author: order.author,
      change: order.kind,
    });
  const { figures } = await parts.asked.result();
  const read = await parts.leases.read(async ({ database }) => ({
    lease: await leaseAt(database, reservation, request.signal),
    progress: await withLeaseOfPort(result, database, reservation, request.signal),
  }));
  const body = wholeReservation(parts, reservation, { ...read, figures });
  const isNew = result.outcome === 'committed' && result.isNew;
  return new Response(`${JSON.stringify(body)}\n`, {
    status: isNew ? 201 : 200,
    headers: {
      'content-type': 'application/json',
      'cache-control': 'no-store',
      etag: etagOf(reservation),
      ...(isNew && { location: `/api/v1/reservations/${encodeURIComponent(reservation.id)}` }),
    },
  });
}

async function remove(
  parts: RouteParts,
  request: Request<z.output<typeof REMOVE>, unknown>,
): Promise<z.output<typeof REMOVED> | z.output<typeof DRY>> {
  const { query, author, path } = request;
  refuseOtherSegment(parts, query.segment);
  const id = idOf(path['id']);
  const { address } = query;
  const result = await parts.gateway.orderReservation({
    kind: 'remove',
    id,
    ...(address !== undefined && { address }),
    ...conditionOf(request),
    ...orderedBy(request),
  });
  if (isFailed(result)) throw reservationProblem(result);
  if (result.outcome === 'unchanged')
    throw reservationProblem({ outcome: 'refused', refusal: { why: 'unknown' } });
  if (result.outcome === 'decided') return { ...dryAnswer(result), change: 'removed' };
  noteReservation(parts, { id, address: result.address, author, change: 'remove' });
  if (query.release === 'false') return { id, address: ipv4ToText(result.address), released: false };
  const note = query.reason ?? `the reservation ${id} was removed`.replace(/[^\x20-\x7e]/g, '?');
  const released = await parts.gateway.order({ kind: 'release', address: result.address, author, note });
  return { id, address: ipv4ToText(result.address), released: released.outcome === 'committed' };
}

/** Who orders it, why, and whether it is tried alone. */
function orderedBy({ author, query: { reason, dry_run } }: Asked) {
  return {
    author,
    ...(reason !== undefined && { note: reason }),
    ...(dry_run === 'true' && { isDryRun: true }),
  };
}

/** What would be, of one that is put, with what its guest has now. */
async function tried(
  parts: RouteParts,
  { signal }: Asked,
  order: ReservationOrder,
  result: Exclude<ReservationResult, FailedReservation>,
): Promise<z.output<typeof DRY>> {
  if (order.kind !== 'put') return dryAnswer(result);
  const { address } = 'address' in result ? result : result.reservation;
  const entry = { ...order.entry, address };
  const progress = await parts.leases.read(({ database }) =>
    withLeaseOfPort(result, database, entry, signal),
  );
  return dryAnswer({ ...result, ...progress });
}

function dryAnswer(result: Exclude<ReservationResult, FailedReservation>): z.output<typeof DRY> {
  const { id } = result;
  if (result.outcome === 'unchanged') {
    const address = ipv4ToText(result.reservation.address);
    return { id, address, change: 'unchanged', changes: [], ...progressToJson(result), dry_run: true };
  }
  const address = ipv4ToText(result.address);
  const change = result.isNew ? 'added' : 'changed';
  return { id, address, change, changes: result.changes, ...progressToJson(result), dry_run: true };
}

/** RFC 9110 §13.1: `If-Match: "7"`, and `If-None-Match: *` for one that must be new. */
function conditionOf({ header }: Pick<Asked, 'header'>): { readonly expectedVersion?: number } {
  const [match, noneMatch] = [header('if-match'), header('if-none-match')];
  if (noneMatch === '*' && match === undefined) return { expectedVersion: 0 };
  if (noneMatch !== undefined) throw badRequest('`If-None-Match` may be * alone, and not beside `If-Match`');
  if (match === undefined || match === '*') return {};
  const version = Number(/^"(\d{1,15})"$/.exec(match.trim())?.[1] ?? Number.NaN);
  if (Number.isNaN(version)) throw badRequest('`If-Match` is no `ETag` of a reservation');
  return { expectedVersion: version };
}

/** @throws ApiProblem for what cannot be an id. */
function idOf(written: string | undefined): OutsideId {
  if (isOutsideId(written)) return written;
  throw new ApiProblem({
    status: 422,
    word: 'not-an-id',
    title: 'That is no id',
    detail: 'an id has 1 to 64 characters that can be read',
    errors: [{ pointer: '/id', detail: 'has 1 to 64 characters that can be read' }],
  });
}
