import { keyOfClone, OPERATOR } from '../../lease/client-key.ts';
import type { LeaseChange, OrderedBy } from '../../lease/lease-view.ts';
import type { OutsideId } from '../../lease/outside-id.ts';
import type { Reservation, ReservationWrite } from '../../lease/reservation/reservation.ts';
import type { HardwareAddress } from '../../net/hardware-address.ts';
import type { Decision, Reason } from '../decision/decision.ts';
import type { ReservationInput, ReservationOrder, ReservationVerdict } from './reservation-order.ts';

/**
 * The result of a change of one reservation.
 *
 * @throws Error for a reservation without an id: a mistake of this program.
 */
export function changed(
  order: ReservationOrder,
  input: ReservationInput,
  reason: Reason,
  before: Reservation | undefined,
  next: ReservationWrite['next'],
): ReservationVerdict {
  const change = changeOfReservations(order, input, reason, [{ before, next }]);
  const id = before?.id ?? (next === 'removed' ? undefined : next.id);
  const address = next === 'removed' ? before?.address : next.address;
  if (change === undefined || id === undefined || address === undefined)
    throw new Error('a reservation without an id');
  return {
    kind: 'change',
    decision: decisionOf(order, change),
    id,
    isNew: !isInForce(before),
    before,
    address,
    next,
  };
}

/** Of a dry run the reason alone. */
export function decisionOf(
  { isDryRun = false }: { readonly isDryRun?: boolean },
  change: LeaseChange,
): Decision {
  const reason = change.reason as Reason;
  return isDryRun ? { kind: 'silence', reason } : { kind: 'silence', reason, change };
}

/** All of them by one change, with the addresses that it rests on. Undefined: of nothing. */
export function changeOfReservations(
  { author, note }: OrderedBy,
  { leases, now }: ReservationInput,
  reason: Reason,
  planned: readonly {
    readonly before: Reservation | undefined;
    readonly next: ReservationWrite['next'];
  }[],
): LeaseChange | undefined {
  const writes = planned.flatMap(({ before, next }): readonly ReservationWrite[] => {
    const id = before?.id ?? (next === 'removed' ? undefined : next.id);
    return id === undefined ? [] : [{ id, expectedVersion: before?.version ?? 0, next }];
  });
  const [first] = writes;
  if (first === undefined) return undefined;
  const addresses = planned.flatMap(({ before, next }) => [
    next === 'removed' ? undefined : next.address,
    before?.address,
  ]);
  return {
    kind: 'binding',
    client: keyOfReservation(first.id),
    expectedBindingVersion: 0,
    writes: [...new Set(addresses)]
      .filter((address) => address !== undefined)
      .map((address) => ({
        address,
        expectedVersion: leases.at(address)?.version ?? 0,
        next: 'precondition-only',
      })),
    reservations: writes,
    at: now,
    reason,
    by: note === undefined ? { author } : { author, note },
  };
}

/**
 * The question to the store whether a reservation is still as it is known here: a gateway that was away may have missed its
 * end. Its address's key is written with each change of it.
 */
export function confirmationOf({ leases, now }: ReservationInput, { id, address }: Reservation): Decision {
  const expectedVersion = leases.at(address)?.version ?? 0;
  const reason: Reason = 'reservation-unchanged';
  const change: LeaseChange = {
    kind: 'check',
    client: keyOfReservation(id),
    expectedBindingVersion: 0,
    writes: [{ address, expectedVersion, next: 'precondition-only' }],
    at: now,
    reason,
  };
  return { kind: 'silence', reason, change };
}

/** True for one that guests are served by now. */
export function isInForce(reservation: Reservation | undefined): boolean {
  return reservation !== undefined && reservation.retiredUntil === undefined;
}

/** What locks the orders about one id. No client has such a key: the identifier before its card would be of one byte. */
function keyOfReservation(id: OutsideId) {
  let hash = 7;
  for (let at = 0; at < id.length; at += 1) hash = (hash * 31 + id.charCodeAt(at)) % 0x1_0000_0000_0000;
  return keyOfClone(OPERATOR, hash as HardwareAddress);
}
