import { identitiesOf } from '../../lease/reservation/claims.ts';
import type { Reservation, ReservationEntry } from '../../lease/reservation/reservation.ts';

/**
 * The most orders that are given together. One write stores them all. Deciding, writing and answering them are three steps of
 * about a millisecond, and between two steps the sockets are read.
 */
export const MOST_AT_ONCE = 32;
/** As many cards take the time of one more order. */
const CARDS_OF_AN_ORDER = 4;

/** How long it takes to put an entry, or to remove a reservation: in orders with few cards. */
export function weightOf(entry: Reservation | ReservationEntry): number {
  return 1 + Math.floor(identitiesOf(entry).length / CARDS_OF_AN_ORDER);
}

/**
 * Splits items into groups whose orders may be given together; they keep their order.
 *
 * @param of What the order of an item puts or removes.
 */
export function groupOrders<Item>(
  items: readonly Item[],
  of: (item: Item) => Reservation | ReservationEntry,
): readonly (readonly Item[])[] {
  const groups: Item[][] = [];
  let left = 0;
  for (const item of items) {
    const weight = weightOf(of(item));
    if (weight > left) {
      groups.push([]);
      left = MOST_AT_ONCE;
    }
    groups.at(-1)?.push(item);
    left -= weight;
  }
  return groups;
}
