import type { Database } from 'better-sqlite3';
import { z } from 'zod';
import type { Reservation } from '../../lease/reservation/reservation.ts';
import { isEarlier } from '../../lease/reservation/reservation-view.ts';
import { hardwareFromText, NO_HARDWARE } from '../../net/hardware-address.ts';
import { ipv4, ipv4ToText } from '../../net/ipv4.ts';
import type { ListedLease } from '../../store/sqlite/lease-reader.ts';
import { addressHolders } from '../../store/sqlite/query/address-holder.ts';
import type { Beside, LookedAt } from '../../store/sqlite/query/lease-search.ts';
import { readReservations } from '../../store/sqlite/query/read-reservations.ts';
import { searchLeases } from '../../store/sqlite/query/search-leases.ts';
import { type InForce, reservationOf, warningsOf } from '../guests/guest-warnings.ts';
import {
  facetOf,
  IDLE,
  IDLE_STANDING,
  isFound,
  listedRowOf,
  sortKeyOf,
} from '../guests/listed-reservations.ts';
import { cursorFromText, cursorToText } from '../http/cursor.ts';
import { type Operation, operation } from '../http/operation.ts';
import { LEASE, listAnswer } from '../http/schemas.ts';
import { conditionsOf, GUEST_QUERY, orderOf } from './lease-query.ts';
import type { RouteParts } from './route-parts.ts';
import { refuseOtherSegment } from './segment.ts';

const WARNING = z.object({
  id: z.enum(['in-use-elsewhere', 'reserved-for-another', 'not-at-its-address']),
  title: z.string(),
  remedy: z.string(),
});
const GUEST = LEASE.extend({
  state: z.enum([...LEASE.shape.state.options, IDLE]),
  client: z.string().nullable(),
  reservation_id: z.string().nullable().meta({
    description: 'Of the guest, in force now; of an address that nobody has, who it is reserved for',
  }),
  warnings: z.array(WARNING),
});

export function guestsRoute(parts: RouteParts): Operation {
  return operation({
    method: 'get',
    path: '/guests',
    name: 'listGuests',
    readsAll: true,
    summary: 'Leases and the reservations that nobody uses in one list, with what is wrong with each',
    query: GUEST_QUERY,
    answer: listAnswer(GUEST).extend({
      facets: z.record(z.string(), z.record(z.string(), z.int())).optional(),
    }),
    run: async ({ query, signal }) => {
      refuseOtherSegment(parts, query.segment);
      const list = `guests ${query.sort}`;
      const after = cursorFromText(list, query.cursor);
      return await parts.leases.read(async ({ database, asOf }) => {
        const inForce = await reservationsInForce(database, signal);
        const idle = idleOf(database, inForce);
        const { facets = [], limit } = query;
        const { sort, isDescending } = orderOf(query);
        const conditions = conditionsOf(query);
        const found =
          query.warning === 'true' ? [] : idle.filter((each) => isFound(each, conditions, idleStanding));
        const beside: Beside = {
          lists: (lease) => isListed(lease, inForce) && isWarned(lease, inForce, query.warning),
          rows: found.map((each) => ({
            key: sortKeyOf(each, sort),
            position: each.address,
            facets: facets.map((facet) => facetOf(each, facet, idleStanding)),
          })),
        };
        const search = { conditions, sort, isDescending, limit, after, facets };
        const {
          page,
          rows,
          total,
          last,
          facets: counts,
        } = await searchLeases(database, search, signal, beside);
        const leases = new Map(rows.map((row) => [row.address, row]));
        const idleAt = new Map(found.map((each) => [Number(each.address), each]));
        const items = page.flatMap(({ position }): z.output<typeof GUEST>[] => {
          const reservation = idleAt.get(position);
          if (reservation !== undefined) return [{ ...listedRowOf(reservation), state: IDLE, warnings: [] }];
          const lease = leases.get(ipv4ToText(ipv4(position)));
          return lease === undefined ? [] : [guestOf(lease, position, inForce)];
        });
        const next = last === undefined ? null : cursorToText(list, last);
        return { items, total, next, as_of: asOf, ...(facets.length > 0 && { facets: counts }) };
      });
    },
  });
}

function guestOf(lease: ListedLease, position: number, inForce: InForce): z.output<typeof GUEST> {
  const { state, mac, reservation_id: reservationId } = lease;
  const hardware = hardwareFromText(mac ?? '') ?? NO_HARDWARE;
  const warnings = [...warningsOf({ position, hardware, state, reservationId }, inForce)];
  const reservation = reservationOf({ hardware, reservationId }, inForce);
  return {
    ...lease,
    state: GUEST.shape.state.parse(state),
    reservation_id: reservation?.id ?? null,
    warnings,
  };
}

/** An address that nobody has is the row of its reservation, if it has one; without one, a free address is no guest. */
function isListed({ position, state }: LookedAt, { at }: InForce): boolean {
  if (state === 'free') return false;
  return state !== 'expired' || !at.has(position);
}

function isWarned(lease: LookedAt, inForce: InForce, wanted: 'true' | 'false' | undefined): boolean {
  return wanted === undefined || warningsOf(lease, inForce).length > 0 === (wanted === 'true');
}

async function reservationsInForce(database: Database, signal: AbortSignal): Promise<InForce> {
  const all = await readReservations(database, ({ retiredUntil }) => retiredUntil === undefined, signal);
  return {
    at: new Map(all.map((each) => [each.address, each])),
    by: new Map(all.map((each) => [each.id, each])),
    // Where two reservations have one card, the one that was made first counts. A Map keeps what is set last.
    ofCard: new Map(
      all
        .toSorted((one, other) => (isEarlier(one, other) ? 1 : -1))
        .flatMap((each) => each.macs.map((mac) => [mac, each] as const)),
    ),
  };
}

/** Those whose address nobody has. */
function idleOf(database: Database, { at }: InForce): readonly Reservation[] {
  const holderOf = addressHolders(database);
  return [...at.values()].filter(({ address }) => holderOf(address) === undefined);
}

function idleStanding() {
  return IDLE_STANDING;
}
