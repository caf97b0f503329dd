import type { Database } from 'better-sqlite3';
import { z } from 'zod';
import type { Reservation } from '../../lease/reservation/reservation.ts';
import { reservationToJson } from '../../lease/reservation/reservation-fields.ts';
import { ipv4FromText, ipv4ToText } from '../../net/ipv4.ts';
import type { ListedLease } from '../../store/sqlite/lease-reader.ts';
import { addressHolders } from '../../store/sqlite/query/address-holder.ts';
import type { LeaseCondition } from '../../store/sqlite/query/lease-conditions.ts';
import type { LeaseSearch } from '../../store/sqlite/query/lease-search.ts';
import { readReservations } from '../../store/sqlite/query/read-reservations.ts';
import { searchHistory } from '../../store/sqlite/query/search-history.ts';
import { searchLeases } from '../../store/sqlite/query/search-leases.ts';
import { IDLE, IDLE_STANDING, isFound, listedRowOf } from '../guests/listed-reservations.ts';
import { cursorFromText, cursorToText } from '../http/cursor.ts';
import { type Operation, operation } from '../http/operation.ts';
import { badRequest, notFound } from '../http/problem.ts';
import { RESERVATION } from '../http/reservation-schemas.ts';
import { AS_OF, addressText, EVENT, LEASE, listAnswer, macText, text } from '../http/schemas.ts';
import { conditionsOf, LEASE_QUERY, orderOf } from './lease-query.ts';
import { leasesAtTime } from './leases-at.ts';
import type { RouteParts } from './route-parts.ts';
import { refuseOtherSegment } from './segment.ts';

/** Rows of the history that one lease is shown with. */
const NEWEST_EVENTS = 20;
const MOST_FOUND = 100;
const ONE = { sort: 'address', isDescending: false, after: undefined, facets: [] } as const;

const LOOKUP = z.object({
  segment: text.optional(),
  mac: macText.optional(),
  address: addressText.optional(),
  vps_id: text.optional(),
});
const FOUND = LEASE.pick({
  address: true,
  mac: true,
  vps_id: true,
  organization_id: true,
  hostname: true,
  node: true,
  port: true,
}).extend({
  state: z.enum([...LEASE.shape.state.options, IDLE]).meta({
    description: 'reserved-idle: the address is reserved for it, and nobody has it now',
  }),
});

export function leaseRoutes(parts: RouteParts): readonly Operation[] {
  return [
    operation({
      method: 'get',
      path: '/leases',
      name: 'listLeases',
      readsAll: true,
      summary: 'The leases, filtered and sorted',
      query: LEASE_QUERY,
      answer: listAnswer(LEASE).extend({
        facets: z.record(z.string(), z.record(z.string(), z.int())).optional(),
        history_since: z
          .string()
          .nullable()
          .optional()
          .meta({ format: 'date-time', description: 'With `at`: how far the history goes back' }),
      }),
      run: async ({ query, signal }) => {
        refuseOtherSegment(parts, query.segment);
        if (query.at !== undefined) return await leasesAtTime(parts, query, query.at, signal);
        const { sort, isDescending } = orderOf(query);
        const list = `leases ${query.sort}`;
        const after = cursorFromText(list, query.cursor);
        const { limit, facets = [] } = query;
        const search: LeaseSearch = {
          conditions: conditionsOf(query),
          sort,
          isDescending,
          limit,
          after,
          facets,
        };
        return await parts.leases.read(async ({ database, asOf }) => {
          const { rows, total, last, facets: counts } = await searchLeases(database, search, signal);
          const next = last === undefined ? null : cursorToText(list, last);
          return { items: rows, total, next, as_of: asOf, ...(facets.length > 0 && { facets: counts }) };
        });
      },
    }),
    operation({
      method: 'get',
      path: '/leases/{address}',
      name: 'getLease',
      summary: 'One lease, with the reservation of its guest or its address, and its newest history',
      query: z.object({ segment: text.optional() }),
      answer: LEASE.extend({
        reservation: RESERVATION.nullable().meta({ description: 'In force; null: there is none' }),
        history: z.array(EVENT),
        as_of: AS_OF,
      }),
      problems: { 404: 'The address was never leased' },
      run: async ({ query, path, signal }) => {
        refuseOtherSegment(parts, query.segment);
        const address = addressFromPath(path['address']);
        return await parts.leases.read(async ({ database, asOf }) => {
          const conditions = [{ name: 'address', value: address, isNegated: false }] as const;
          const { rows } = await searchLeases(database, { ...ONE, conditions, limit: 1 }, signal);
          const [lease] = rows;
          if (lease === undefined) throw notFound(`${ipv4ToText(address)} was never leased`);
          const { rows: history } = await searchHistory(
            database,
            { address, limit: NEWEST_EVENTS, before: undefined, isCounted: false },
            signal,
          );
          const isItsOwn = (each: Reservation) =>
            each.retiredUntil === undefined && (each.address === address || each.id === lease.reservation_id);
          const reserved = await readReservations(database, isItsOwn, signal);
          const reservation = reserved.find((each) => each.address === address) ?? reserved[0];
          return {
            ...lease,
            reservation: reservation === undefined ? null : reservationToJson(reservation),
            history,
            as_of: asOf,
          };
        });
      },
    }),
    operation({
      method: 'get',
      path: '/lookup',
      name: 'lookUp',
      readsAll: true,
      summary: 'Who that is: by exactly one of MAC, address and VPS id',
      query: LOOKUP,
      answer: z.object({ items: z.array(FOUND), total: z.int(), as_of: AS_OF }),
      run: async ({ query, signal }) => {
        refuseOtherSegment(parts, query.segment);
        const conditions = (['mac', 'address', 'vps_id'] as const).flatMap((name) => {
          const value = query[name];
          return value === undefined ? [] : [{ name, value, isNegated: false }];
        });
        if (conditions.length !== 1)
          throw badRequest('ask by one of mac, address and vps_id', [
            { pointer: '/mac', detail: 'exactly one of mac, address and vps_id is wanted' },
          ]);
        return await parts.leases.read(async ({ database, asOf }) => {
          const { rows, total } = await searchLeases(
            database,
            { ...ONE, conditions, limit: MOST_FOUND },
            signal,
          );
          const idle = await idleReservations(database, conditions, signal);
          const kept = rows.filter(({ address }) => !idle.some((each) => each.address === address));
          const items = [...kept.map(foundOf), ...idle];
          return { items, total: total - rows.length + items.length, as_of: asOf };
        });
      },
    }),
  ];
}

/** Reservations that are meant and whose address nobody has: a guest that has not booted yet has no lease. */
async function idleReservations(
  database: Database,
  conditions: readonly LeaseCondition[],
  signal: AbortSignal,
): Promise<readonly z.output<typeof FOUND>[]> {
  const holderOf = addressHolders(database);
  const isMeant = (each: Reservation) =>
    each.retiredUntil === undefined &&
    isFound(each, conditions, () => IDLE_STANDING) &&
    holderOf(each.address) === undefined;
  const found = await readReservations(database, isMeant, signal);
  return found.slice(0, MOST_FOUND).map((each) => {
    const { address, mac, vps_id, organization_id, hostname, node, port } = listedRowOf(each);
    return { address, mac, vps_id, organization_id, hostname, node, port, state: IDLE };
  });
}

/** @throws ApiProblem */
export function addressFromPath(written: string | undefined) {
  const address = ipv4FromText(written ?? '');
  if (address === undefined)
    throw badRequest('the path has no IPv4 address', [{ pointer: '/address', detail: 'write 10.15.3.20' }]);
  return address;
}

function foundOf(lease: ListedLease): z.output<typeof FOUND> {
  const { address, mac, vps_id, organization_id, hostname, node, port, state } = lease;
  return {
    address,
    mac,
    vps_id,
    organization_id,
    hostname,
    node,
    port,
    state: LEASE.shape.state.parse(state),
  };
}
