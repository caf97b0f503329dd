import type { Database } from 'better-sqlite3';
import type { Obstacle, ReservationProgress } from '../../engine/order/reservation-order.ts';
import { type Instant, NEVER } from '../../lease/lease.ts';
import type { Reservation } from '../../lease/reservation/reservation.ts';
import { reservationToJson } from '../../lease/reservation/reservation-fields.ts';
import { hardwareToText } from '../../net/hardware-address.ts';
import { ipv4FromText, ipv4ToText } from '../../net/ipv4.ts';
import type { Figures } from '../../server/status/figures.ts';
import type { ListedLease } from '../../store/sqlite/lease-reader.ts';
import { searchLeases } from '../../store/sqlite/query/search-leases.ts';
import { parametersOf } from '../guests/guest-parameters.ts';
import type { RouteParts } from './route-parts.ts';

const ONE = { sort: 'address', isDescending: false, limit: 1, after: undefined, facets: [] } as const;

/** There is none of this id in memory. */
export const NO_PROGRESS: ReservationProgress = { pending: undefined, stillHeld: undefined };
/** Leases behind one port that are looked at. */
const MOST_CARDS = 64;

/** As one is answered: with what its guest is to use, and what it has now. */
export function wholeReservation(
  { subnet }: Pick<RouteParts, 'subnet'>,
  reservation: Reservation,
  rest: {
    readonly lease: ListedLease | null;
    readonly progress: ReservationProgress;
    readonly figures: Pick<Figures, 'isShared' | 'mtu'>;
  },
): Readonly<Record<string, unknown>> {
  const { isShared, mtu } = rest.figures;
  return {
    ...reservationToJson(reservation),
    ...parametersOf(reservation, { ...subnet(), mtu }),
    lease: rest.lease,
    ...progressToJson(rest.progress),
    scope: isShared ? 'all-gateways' : 'this-gateway',
  };
}

export function progressToJson({ pending, stillHeld }: ReservationProgress) {
  return {
    pending: pending === undefined ? null : pendingToJson(pending),
    still_has:
      stillHeld === undefined
        ? null
        : { address: ipv4ToText(stillHeld.address), until: new Date(stillHeld.until).toISOString() },
  };
}

function pendingToJson({ cause, until, holder }: Obstacle) {
  const mac = holder === undefined ? null : hardwareToText(holder);
  return { cause, until: new Date(until).toISOString(), mac };
}

/**
 * The same, where only the rows of the leases say which guest it is: one that is known by its port alone.
 */
export async function withLeaseOfPort(
  progress: ReservationProgress,
  database: Database,
  { macs, port, address }: Pick<Reservation, 'macs' | 'port' | 'address'>,
  signal: AbortSignal,
): Promise<ReservationProgress> {
  if (progress.stillHeld !== undefined || macs.length > 0 || port === undefined) return progress;
  const conditions = [
    { name: 'port', value: port, isNegated: false },
    { name: 'state', value: 'bound', isNegated: false },
  ] as const;
  const { rows } = await searchLeases(database, { ...ONE, limit: MOST_CARDS, conditions }, signal);
  const all = rows.map((row) => ({ address: ipv4FromText(row.address), until: endOf(row) }));
  if (all.some((each) => each.address === address)) return progress;
  const [last] = all.sort((one, other) => other.until - one.until);
  if (last?.address === undefined) return progress;
  return { ...progress, stillHeld: { address: last.address, until: last.until } };
}

function endOf({ expires }: ListedLease): Instant {
  return expires === null || expires === 'never' ? NEVER : (Date.parse(expires) as Instant);
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
