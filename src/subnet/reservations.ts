import type { ClientKey } from '../lease/client-key.ts';
import type { HardwareAddress } from '../net/hardware-address.ts';
import type { Ipv4 } from '../net/ipv4.ts';

/** Who asks, as a reservation may name it. */
export interface Claimant {
  readonly client: ClientKey;
  /** Asked by first, whatever the client calls itself. */
  readonly hardware: HardwareAddress;
}

/** An address that is for one client alone, in a pool or not. */
export interface Reservation {
  readonly address: Ipv4;
}

/**
 * The reservations as they are now: read for each message, so that one that comes or goes needs no new plan. Whoever
 * changes them tells the store of the leases too (`reserve`), for its orders of free addresses.
 */
export interface ReservationView {
  /** What is reserved for a client; undefined: nothing. */
  of(who: Claimant): Reservation | undefined;
  /** What reserves an address; undefined: it is for anybody. */
  at(address: Ipv4): Reservation | undefined;
}

export const NO_RESERVATIONS: ReservationView = { of: () => undefined, at: () => undefined };
