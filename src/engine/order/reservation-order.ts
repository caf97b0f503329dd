import type { Instant, Version } from '../../lease/lease.ts';
import type { OrderedBy } from '../../lease/lease-view.ts';
import type { OutsideId } from '../../lease/outside-id.ts';
import type { EntryProblem } from '../../lease/reservation/field-kinds.ts';
import type {
  Reservation,
  ReservationEntry,
  ReservationSource,
  ReservationWrite,
} from '../../lease/reservation/reservation.ts';
import type { Reservations } from '../../lease/reservation/reservation-view.ts';
import type { HardwareAddress } from '../../net/hardware-address.ts';
import type { Ipv4 } from '../../net/ipv4.ts';
import type { Decision } from '../decision/decision.ts';
import type { OrderInput } from '../operator-order.ts';

/** What an order about a reservation is decided by. */
export interface ReservationInput extends OrderInput {
  readonly reservations: Reservations;
}

interface Conditions {
  /** The version that it must have; 0: there must be none in force. Absent: any. */
  readonly expectedVersion?: Version;
  /** True: it is decided, and nothing is written. */
  readonly isDryRun?: boolean;
}

/**
 * What an operator, or a program in an operator's name, wants to be reserved.
 * - put: the whole entry. `adopt`: with the address that its guest has now, if it has one.
 * - patch: what an entry is to have instead (RFC 7396).
 * - remove: its address is kept for its id for a day, unless `isFinal`. `address`: only if that is its address; `label`: only
 *   if it has it.
 * - reserve-lease: the holder of a lease gets a reservation of its address.
 * - forget: the day is over.
 * - learn: the card of a guest that is known by its port is one of the reservation's from now on.
 */
export type ReservationOrder = OrderedBy &
  Conditions &
  (
    | {
        readonly kind: 'put';
        readonly entry: ReservationEntry;
        readonly source?: ReservationSource;
        readonly adopt?: boolean;
        /** Ids that are removed in the same run: what they claim does not count. */
        readonly beside?: ReadonlySet<OutsideId>;
      }
    | {
        readonly kind: 'patch';
        readonly id: OutsideId;
        readonly patch: unknown;
        readonly source?: ReservationSource;
      }
    | {
        readonly kind: 'remove';
        readonly id: OutsideId;
        readonly address?: Ipv4;
        /** Who has kept it; absent: the API. */
        readonly source?: ReservationSource;
        /** True: its address is kept for nobody. */
        readonly isFinal?: boolean;
        /** Only if it has this label: an entry that has moved to another scope meanwhile stays. */
        readonly label?: { readonly name: string; readonly value: string };
      }
    | {
        readonly kind: 'reserve-lease';
        readonly address: Ipv4;
        readonly id?: OutsideId;
        readonly hostname?: string;
        readonly source?: ReservationSource;
      }
    | { readonly kind: 'forget'; readonly id: OutsideId }
    | { readonly kind: 'learn'; readonly id: OutsideId; readonly card: HardwareAddress }
  );

/**
 * Entries that are put by one change, all of them or none: what one of them gives up, another one of them may take, as when two
 * guests change their addresses.
 */
export interface ExchangeOrder extends OrderedBy {
  readonly entries: readonly ReservationEntry[];
  readonly source?: ReservationSource;
  /** True: it is decided, and nothing is written. */
  readonly isDryRun?: boolean;
}

/** The most entries of one exchange: it is decided at once, and no message may wait for it long. */
export const MOST_EXCHANGED = 16;
/**
 * The most keys that an exchange compares: those of its entries, of their addresses, and of the cards, client identifiers,
 * circuits and ports that a reservation gains or loses. etcd takes 128 operations in a transaction; the others are for what a store
 * compares besides.
 */
export const MOST_COMPARED = 90;

/** A member of an entry that another reservation has. */
export interface HeldProblem extends EntryProblem {
  readonly holder: OutsideId;
}

/**
 * Why an order about a reservation is not carried out.
 * - unknown: there is none of this id in force. not-leased: nothing is leased at the address.
 * - invalid: the entry is not one. not-allowed: no guest may have its address.
 * - held: another reservation has what it claims. another-version, another-address: not what was expected.
 * - of-settings-file: it is to be changed there. pool-full: no address is free for it.
 * - needs-shared-store: other gateways share the pool and not the reservations, so the server picks no address.
 * - cannot-promise: nothing can be stored now. unreadable-key: the shared store has a value that is not overwritten.
 */
export type ReservationRefusal =
  | {
      readonly why: 'unknown' | 'not-leased' | 'pool-full' | 'needs-shared-store' | 'cannot-promise';
    }
  /** place: where it stands; absent: in no file of this gateway's. */
  | { readonly why: 'of-settings-file'; readonly id: OutsideId; readonly place?: string }
  | { readonly why: 'invalid' | 'not-allowed'; readonly problems: readonly EntryProblem[] }
  | { readonly why: 'held'; readonly problems: readonly HeldProblem[] }
  /** unreadable-key: what of the shared store it rests on; each problem says which key, and what makes it readable. */
  | { readonly why: 'unreadable-key'; readonly problems: readonly EntryProblem[] }
  | { readonly why: 'another-version'; readonly version: Version }
  | { readonly why: 'another-address'; readonly address: Ipv4 };

/** What an order comes to. 'unchanged': all of it is so already. */
export type ReservationVerdict =
  | { readonly kind: 'refused'; readonly refusal: ReservationRefusal }
  /** Its decision writes nothing: the store confirms what it rests on. */
  | { readonly kind: 'unchanged'; readonly reservation: Reservation; readonly decision: Decision }
  | {
      readonly kind: 'change';
      readonly decision: Decision;
      readonly id: OutsideId;
      /** True: there was none of this id in force. */
      readonly isNew: boolean;
      /** What it was; undefined: there was none, in force or retired. */
      readonly before: Reservation | undefined;
      /** Its address from now on. */
      readonly address: Ipv4;
      /** What it is to be. */
      readonly next: ReservationWrite['next'];
    };

/** What an exchange comes to: the outcome of each entry, in order. 'impossible': what stands in the way of one stops all. */
export type ExchangeVerdict =
  | { readonly kind: 'impossible' }
  | {
      readonly kind: 'change';
      readonly decision: Decision;
      readonly each: readonly Pick<
        Extract<ReservationVerdict, { kind: 'change' }>,
        'id' | 'isNew' | 'before' | 'address' | 'next'
      >[];
    };

/** What keeps a reservation's guest from its address now, and until when at the latest. */
export interface Obstacle {
  /** leased: by another client. quarantined. granted-by-peer: by a gateway that shares no leases with this one. */
  readonly cause: 'leased' | 'quarantined' | 'granted-by-peer';
  readonly until: Instant;
  /** The network card that has the address; undefined: nobody's, or it is not known. */
  readonly holder: HardwareAddress | undefined;
}

/** Another address that a reservation's guest has until its next renewal, and the end of that lease. */
export interface StillHeld {
  readonly address: Ipv4;
  readonly until: Instant;
}

/** How far a reservation is from being so. */
export interface ReservationProgress {
  /** Undefined: nothing keeps its guest from its address. */
  readonly pending: Obstacle | undefined;
  /** Undefined: its guest has no other address, as far as its cards and its client identifier show. */
  readonly stillHeld: StillHeld | undefined;
}
