import type { HardwareAddress } from '../../net/hardware-address.ts';
import type { Ipv4 } from '../../net/ipv4.ts';
import type { Message } from '../../wire/message.ts';
import type { ClientKey } from '../client-key.ts';
import type { OutsideId } from '../outside-id.ts';
import type { Reservation } from './reservation.ts';

/** A client, as a reservation may name it. */
export interface Claimant {
  readonly client: ClientKey;
  /** It is looked up before the client key. */
  readonly hardware: HardwareAddress;
  /** What it has sent: its client identifier and its relay agent's circuit are read if a reservation has such. Absent: nothing. */
  readonly message?: Message;
  /** The port of this host's bridge that its card is behind. */
  readonly port?: string | undefined;
}

/** Two reservations in force that want the same for themselves alone. */
export interface Rivalry {
  /** It was made first, and counts. */
  readonly counts: Reservation;
  readonly other: Reservation;
  /** What both want, for people: `the card 52:54:00:00:00:01`. */
  readonly what: string;
}

/** The current reservations. They are read for each message, so a change needs no new plan. */
export interface ReservationView {
  /** True: there is none, in force or not. */
  readonly isEmpty: boolean;
  /** The reservation in force of a client: by its network card, its client identifier, its circuit, its port. */
  of(who: Claimant): Reservation | undefined;
  /** The reservation in force that names a network card. */
  ofHardware(hardware: HardwareAddress): Reservation | undefined;
  /** The reservation of an address, in force or retired. */
  at(address: Ipv4): Reservation | undefined;
}

/** The reservations, for what is not about one message. */
export interface Reservations extends ReservationView {
  /** How many are in force. */
  readonly size: number;
  /** One by its id, in force or retired. */
  get(id: OutsideId): Reservation | undefined;
  ofClientId(client: ClientKey): Reservation | undefined;
  ofCircuit(circuitId: string): Reservation | undefined;
  ofPort(port: string): Reservation | undefined;
  /** Those in force of one VPS: it may have several cards. */
  ofVps(vpsId: OutsideId): readonly Reservation[];
  /** Those that were removed, and whose addresses are kept for their ids. */
  retired(): Iterable<Reservation>;
  /** All, in force or retired, in the order of their ids. */
  all(): Iterable<Reservation>;
  /** One guest may have two reservations by a version that did not prevent it, or by `cluster seed`. That is rare. */
  rivalries(): readonly Rivalry[];
}

/** Of two reservations that want the same, it counts on every gateway. */
export function isEarlier(one: Reservation, other: Reservation): boolean {
  return one.createdAt < other.createdAt || (one.createdAt === other.createdAt && one.id < other.id);
}

export const NO_RESERVATIONS: ReservationView = {
  isEmpty: true,
  of: () => undefined,
  ofHardware: () => undefined,
  at: () => undefined,
};
