import type { ClientKey } from '../lease/client-key.ts';
import type { HardwareAddress } from '../net/hardware-address.ts';
import type { Ipv4 } from '../net/ipv4.ts';

/** A client, as a reservation may name it. */
export interface Claimant {
  readonly client: ClientKey;
  /** It is looked up before the client key. */
  readonly hardware: HardwareAddress;
}

/** An address for one client only, in a pool or not. */
export interface Reservation {
  readonly address: Ipv4;
}

/**
 * The current reservations. They are read for each message, so a change needs no new plan. The code that changes them must
 * call the lease store's `reserve` too, for its orders of free addresses.
 */
export interface ReservationView {
  /** The reservation of a client; undefined: none. */
  of(who: Claimant): Reservation | undefined;
  /** The reservation of an address; undefined: none. */
  at(address: Ipv4): Reservation | undefined;
}

export const NO_RESERVATIONS: ReservationView = { of: () => undefined, at: () => undefined };
