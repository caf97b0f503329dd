import type { Reservation } from '../../lease/reservation/reservation.ts';
import { mayBeLive } from '../decision/decision-input.ts';
import type { OrderInput } from '../operator-order.ts';
import type { Pending } from './reservation-order.ts';

/** What keeps a reservation's guest from its address now; undefined: nothing does. */
export function pendingOf(
  reservation: Reservation,
  input: Pick<OrderInput, 'leases' | 'now' | 'context'>,
): Pending | undefined {
  const lease = input.leases.recordAt(reservation.address);
  if (lease === undefined || !mayBeLive(input, lease)) return undefined;
  const { state, expiresAt: until, hardware, client } = lease;
  if (state === 'declined') return { cause: 'quarantined', until };
  const isGuests = reservation.macs.includes(hardware) || client === reservation.clientId;
  const isPlaced = lease.ids?.reservationId === reservation.id; // By its circuit or its port.
  if (isGuests || isPlaced) return undefined;
  return state === 'peer' ? { cause: 'granted-by-peer', until } : { cause: 'leased', until };
}
