import { changedBetween, identitiesOf, ReservationCheck } from '../../lease/reservation/claims.ts';
import { type PlannedPut, plannedPut } from './put-reservation.ts';
import { changeOfReservations, decisionOf, isInForce } from './reservation-change.ts';
import {
  type ExchangeOrder,
  type ExchangeVerdict,
  MOST_COMPARED,
  MOST_EXCHANGED,
  type ReservationInput,
} from './reservation-order.ts';

/** Pure. All of the entries are written by one change, or none. */
export function decideExchange(order: ExchangeOrder, input: ReservationInput): ExchangeVerdict {
  const { entries, ...rest } = order;
  const beside = new Set(entries.map(({ id }) => id));
  if (!input.leases.canPromise || beside.size < entries.length || entries.length > MOST_EXCHANGED)
    return { kind: 'impossible' };
  const writes: PlannedPut[] = [];
  for (const entry of entries) {
    const planned = plannedPut({ ...rest, kind: 'put', entry, beside }, input);
    if ('refusal' in planned) return { kind: 'impossible' };
    writes.push(planned);
  }
  const change = changeOfReservations(order, input, 'reservation-changed', writes);
  if (change === undefined || new ReservationCheck(input.reservations).conflicts(change.reservations ?? []))
    return { kind: 'impossible' };
  if (writes.length + change.writes.length + changedIdentities(writes).size > MOST_COMPARED)
    return { kind: 'impossible' };
  const each = writes.map(({ before, next }) => ({
    ...{ id: next.id, address: next.address, next },
    isNew: !isInForce(before),
    before,
  }));
  return { kind: 'change', decision: decisionOf(order, change), each };
}

/** The cards, client identifiers, circuits and ports that a reservation gains or loses. */
function changedIdentities(writes: readonly PlannedPut[]): ReadonlySet<string> {
  return new Set(
    writes.flatMap(({ before, next }) =>
      changedBetween(before === undefined ? [] : identitiesOf(before), identitiesOf(next)),
    ),
  );
}
