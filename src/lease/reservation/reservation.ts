import type { HardwareAddress } from '../../net/hardware-address.ts';
import type { Ipv4 } from '../../net/ipv4.ts';
import type { ClientKey } from '../client-key.ts';
import type { Instant, Version } from '../lease.ts';
import type { OutsideId } from '../outside-id.ts';

/** Who keeps a reservation: whoever uses the management API, the settings file, or the platform by its own protocol. */
export const RESERVATION_SOURCES = ['api', 'file', 'platform'] as const;
export type ReservationSource = (typeof RESERVATION_SOURCES)[number];

/** Texts by name. */
export type Texts = Readonly<Record<string, string>>;

/** An address for one guest only, in a pool or not. RESERVATION_FIELDS says what each of its members is. */
export interface Reservation {
  readonly id: OutsideId;
  /** They are looked up before all else; none: nobody knows the guest's network cards yet. */
  readonly macs: readonly HardwareAddress[];
  /** Option 61. */
  readonly clientId: ClientKey | undefined;
  /** RFC 3046 §3.1: option 82's circuit, as hexadecimal digits. */
  readonly circuitId: string | undefined;
  /** The port of the bridge that the guest is plugged in at: `tap104i0`. */
  readonly port: string | undefined;
  readonly address: Ipv4;
  /** The guest's name; it is sent to it (option 12). */
  readonly hostname: string | undefined;
  readonly vpsId: OutsideId;
  readonly organizationId: OutsideId | undefined;
  readonly labels: Texts;
  /** Options of its own, by the table's name or number, as text. */
  readonly options: Texts;
  /** Seconds; undefined: as everybody. */
  readonly leaseTime: number | undefined;
  readonly note: string | undefined;
  readonly source: ReservationSource;
  /** Until when its address is kept for its id, since it was removed. Undefined: it is in force. */
  readonly retiredUntil: Instant | undefined;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
  /** The store's counter at its last write. */
  readonly version: Version;
}

/** What whoever orders a reservation says of it. Without an address the server picks one, or keeps the one that it has. */
export type ReservationEntry = Omit<
  Reservation,
  'address' | 'source' | 'retiredUntil' | 'createdAt' | 'updatedAt' | 'version'
> & { readonly address: Ipv4 | undefined };

/** A reservation as it is to be from now on; its store gives it a version. */
export type ReservationRecord = Omit<Reservation, 'version'>;

export interface ReservationWrite {
  readonly id: OutsideId;
  /** The version of the reservation that this write rests on; 0: there was none of this id. */
  readonly expectedVersion: Version;
  /** 'removed': it is forgotten, and its address is kept for nobody. */
  readonly next: ReservationRecord | 'removed';
}

/** For so long the address of a removed reservation is kept for its id: 24 hours, in seconds. */
export const RETIRED_SECONDS = 86_400;
