import type { Database } from 'better-sqlite3';
import { z } from 'zod';
import type { Reservation } from '../../lease/reservation/reservation.ts';
import { reservationToJson } from '../../lease/reservation/reservation-fields.ts';
import { hardwareToText } from '../../net/hardware-address.ts';
import { addressHolders } from '../../store/sqlite/query/address-holder.ts';
import { FirstOfOrder } from '../../store/sqlite/query/first-of-order.ts';
import { readReservations } from '../../store/sqlite/query/read-reservations.ts';
import { countValue } from '../../store/sqlite/query/search-leases.ts';
import {
  facetOf,
  IDLE,
  IDLE_STANDING,
  isFound,
  type ReservationStanding,
} from '../guests/listed-reservations.ts';
import { cursorFromText, cursorToText } from '../http/cursor.ts';
import { type Operation, operation } from '../http/operation.ts';
import { RESERVATION } from '../http/reservation-schemas.ts';
import { listAnswer, severalOf } from '../http/schemas.ts';
import { conditionsOf, LEASE_QUERY } from './lease-query.ts';
import type { RouteParts } from './route-parts.ts';
import { refuseOtherSegment } from './segment.ts';

/** What they may be sorted by. */
const KEYS = {
  id: ({ id }) => id,
  address: ({ address }) => address,
  mac: ({ macs: [mac] }) => (mac === undefined ? '' : hardwareToText(mac)),
  hostname: ({ hostname = '' }) => hostname.toLowerCase(),
  created: ({ createdAt }) => createdAt,
  updated: ({ updatedAt }) => updatedAt,
} as const satisfies Readonly<Record<string, (reservation: Reservation) => string | number>>;
const SORTS = Object.keys(KEYS) as readonly (keyof typeof KEYS)[];

const STATE = severalOf([IDLE, 'bound', 'declined', 'peer']).optional();
const SOURCE = z.enum(['api', 'file', 'platform']).optional();
const LABEL = z
  .string()
  .regex(/^[^=]+=/, 'is not name=value')
  .max(512)
  .optional();
const CLIENT_ID = z
  .string()
  .max(764)
  .regex(/^[0-9a-f]{2}(:?[0-9a-f]{2})+$/i, 'is not hexadecimal digits')
  .transform((digits) => digits.replaceAll(':', '').toLowerCase())
  .optional();

const QUERY = LEASE_QUERY.omit({ at: true }).extend({
  state: STATE.meta({ description: 'What its address is now; reserved-idle: nobody has it' }),
  '-state': STATE.meta({ description: 'What its address is not now' }),
  client_id: CLIENT_ID.meta({ description: 'Option 61, as hexadecimal digits' }),
  '-client_id': CLIENT_ID.meta({ description: 'Those that do not have it' }),
  source: SOURCE.meta({ description: 'How it came' }),
  '-source': SOURCE.meta({ description: 'How it did not come' }),
  label: LABEL.meta({ description: 'name=value: those that have this label' }),
  '-label': LABEL.meta({ description: 'name=value: those that do not have it' }),
  q: z
    .string()
    .min(1, 'is empty')
    .max(255)
    .optional()
    .meta({ description: 'A part of anything that it has' }),
  sort: z
    .enum(SORTS.flatMap((sort) => [sort, `-${sort}`]))
    .default('id')
    .meta({ description: 'With a minus before it: descending' }),
  retired: z
    .enum(['true', 'false'])
    .default('false')
    .meta({ description: 'true: those that were removed, and whose address is kept' }),
});
type Query = z.output<typeof QUERY>;

export function reservationListRoute(parts: RouteParts): Operation {
  return operation({
    method: 'get',
    path: '/reservations',
    name: 'listReservations',
    readsAll: true,
    summary: 'The reservations, filtered and sorted',
    query: QUERY,
    answer: listAnswer(RESERVATION).extend({
      facets: z.record(z.string(), z.record(z.string(), z.int())).optional(),
    }),
    run: async ({ query, signal }) => {
      refuseOtherSegment(parts, query.segment);
      return await parts.leases.read(({ database, asOf }) => listed(database, query, asOf, signal));
    },
  });
}

async function listed(database: Database, query: Query, asOf: string | null, signal: AbortSignal) {
  const list = `reservations ${query.sort}`;
  const { limit, facets = [] } = query;
  const order = new FirstOfOrder(limit + 1, query.sort.startsWith('-'), cursorFromText(list, query.cursor));
  const standingOf = standings(database);
  const found = await readReservations(database, (each) => isWanted(each, query, standingOf), signal);
  const keyOf = KEYS[SORTS.find((sort) => sort === query.sort.replace('-', '')) ?? 'id'];
  const byAddress = new Map<number, Reservation>();
  const counts = new Map(facets.map((facet) => [facet, new Map<string, number>()]));
  for (const each of found) {
    byAddress.set(each.address, each);
    order.add({ key: keyOf(each), position: each.address });
    for (const [facet, values] of counts)
      countValue(
        values,
        facetOf(each, facet, () => standingOf(each)),
      );
  }
  const page = order.rows.slice(0, limit);
  const last = order.rows.length > limit ? page.at(-1) : undefined;
  return {
    items: page.flatMap(({ position }) => byAddress.get(position) ?? []).map(reservationToJson),
    total: found.length,
    next: last === undefined ? null : cursorToText(list, last),
    as_of: asOf,
    ...(facets.length > 0 && {
      facets: Object.fromEntries([...counts].map(([facet, values]) => [facet, Object.fromEntries(values)])),
    }),
  };
}

function standings(database: Database): (reservation: Reservation) => ReservationStanding {
  const holderOf = addressHolders(database);
  return ({ address }) => holderOf(address) ?? IDLE_STANDING;
}

function isWanted(
  reservation: Reservation,
  query: Query,
  standingOf: (reservation: Reservation) => ReservationStanding,
): boolean {
  const { retired, source, label, client_id: clientId } = query;
  if ((reservation.retiredUntil !== undefined) !== (retired === 'true')) return false;
  if (source !== undefined && reservation.source !== source) return false;
  if (query['-source'] === reservation.source) return false;
  if (label !== undefined && !hasLabel(reservation, label)) return false;
  if (query['-label'] !== undefined && hasLabel(reservation, query['-label'])) return false;
  if (clientId !== undefined && reservation.clientId !== clientId) return false;
  if (query['-client_id'] !== undefined && reservation.clientId === query['-client_id']) return false;
  return isFound(reservation, conditionsOf(query), () => standingOf(reservation));
}

function hasLabel({ labels }: Reservation, label: string): boolean {
  const at = label.indexOf('=');
  const name = label.slice(0, at);
  return Object.hasOwn(labels, name) && labels[name] === label.slice(at + 1);
}
