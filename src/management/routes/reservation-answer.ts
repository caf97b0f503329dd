import type { Database } from 'better-sqlite3';
import type { Pending } from '../../engine/order/reservation-order.ts';
import type { Reservation } from '../../lease/reservation/reservation.ts';
import { reservationToJson } from '../../lease/reservation/reservation-fields.ts';
import type { ListedLease } from '../../store/sqlite/lease-reader.ts';
import { searchLeases } from '../../store/sqlite/query/search-leases.ts';
import type { RouteParts } from './route-parts.ts';

const ONE = { sort: 'address', isDescending: false, limit: 1, after: undefined, facets: [] } as const;

/** As one is answered: with what its guest is to use, and what it has now. */
export function wholeReservation(
  { subnet }: Pick<RouteParts, 'subnet'>,
  reservation: Reservation,
  rest: { readonly lease: ListedLease | null; readonly pending: Pending | null; readonly isShared: boolean },
): Readonly<Record<string, unknown>> {
  const { prefix_length, mask, router, dns } = subnet();
  return {
    ...reservationToJson(reservation),
    ...{ prefix_length, mask, router, dns },
    lease: rest.lease,
    pending: pendingToJson(rest.pending),
    scope: rest.isShared ? 'all-gateways' : 'this-gateway',
  };
}

export function pendingToJson(pending: Pending | null | undefined) {
  return pending === null || pending === undefined
    ? null
    : { cause: pending.cause, until: new Date(pending.until).toISOString() };
}

/** What is leased at the address of a reservation; null: nothing. */
export async function leaseAt(
  database: Database,
  { address }: Pick<Reservation, 'address'>,
  signal: AbortSignal,
): Promise<ListedLease | null> {
  const conditions = [{ name: 'address', value: address, isNegated: false }] as const;
  const { rows } = await searchLeases(database, { ...ONE, conditions }, signal);
  return rows.find(({ state }) => state === 'bound') ?? null;
}

/** RFC 9110 §8.8.3. */
export function etagOf({ version }: Pick<Reservation, 'version'>): string {
  return `"${version}"`;
}
