import type { Lease } from '../../lease/lease.ts';
import type { ReservationRecord } from '../../lease/reservation/reservation.ts';
import { isStation } from '../../net/hardware-address.ts';
import { mayBeLive } from '../decision/decision-input.ts';
import type { OrderInput } from '../operator-order.ts';
import type { Obstacle, ReservationProgress, StillHeld } from './reservation-order.ts';

/** What of a reservation this is about: one that is there, or that is to be. */
type ReservedGuest = Pick<ReservationRecord, 'id' | 'address' | 'macs' | 'clientId'>;
type Input = Pick<OrderInput, 'leases' | 'now' | 'context'>;

/** What keeps a reservation's guest from its address now, and which other address that has until then. */
export function progressOf(reservation: ReservedGuest, input: Input): ReservationProgress {
  return { pending: pendingOf(reservation, input), stillHeld: stillHeldBy(reservation, input) };
}

function pendingOf(reservation: ReservedGuest, input: Input): Obstacle | undefined {
  const lease = input.leases.recordAt(reservation.address);
  if (lease === undefined || !mayBeLive(input, lease)) return undefined;
  const { state, expiresAt: until, hardware } = lease;
  if (state === 'declined') return { cause: 'quarantined', until, holder: undefined };
  const isItsOwn = lease.ids?.reservationId === reservation.id; // By its circuit or its port.
  if (isOfGuest(reservation, lease) || isItsOwn) return undefined;
  const holder = isStation(hardware) ? hardware : undefined;
  return state === 'peer' ? { cause: 'granted-by-peer', until, holder } : { cause: 'leased', until, holder };
}

/** Of several leases the one that ends last. */
function stillHeldBy(reservation: ReservedGuest, input: Input): StillHeld | undefined {
  const { address, macs, clientId } = reservation;
  const { leases } = input;
  const here = leases.recordAt(address);
  if (here !== undefined && isRunning(here, input) && isOfGuest(reservation, here)) return undefined;
  const own = macs.flatMap((mac) => leases.leasesOf(mac));
  const ofClient = clientId === undefined ? undefined : leases.bindingOf(clientId);
  const elsewhere = [...own, ...(ofClient === undefined ? [] : [ofClient])].filter(
    (lease) => lease.address !== address && isRunning(lease, input),
  );
  const [last] = elsewhere.sort((one, other) => other.expiresAt - one.expiresAt);
  return last === undefined ? undefined : { address: last.address, until: last.expiresAt };
}

function isRunning(lease: Lease, input: Input): boolean {
  return lease.state === 'bound' && mayBeLive(input, lease);
}

function isOfGuest({ macs, clientId }: ReservedGuest, { hardware, client }: Lease): boolean {
  return macs.includes(hardware) || client === clientId;
}
