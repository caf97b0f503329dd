import { identitiesOf } from '../../lease/reservation/claims.ts';
import type { Reservation, ReservationEntry } from '../../lease/reservation/reservation.ts';

/**
 * The most orders that are given together. They are stored by one write; to decide them, to write them and to answer them takes
 * about a millisecond each, and between these the sockets are read.
 */
export const MOST_AT_ONCE = 32;
/** So many cards take the time of one more order. */
const CARDS_OF_AN_ORDER = 4;

/** How many orders' time it takes to put an entry, or to remove a reservation. */
export function weightOf(entry: Reservation | ReservationEntry): number {
  return 1 + Math.floor(identitiesOf(entry).length / CARDS_OF_AN_ORDER);
}

/** In their order, in groups that may be given together. */
export function inGroups<Item>(
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
