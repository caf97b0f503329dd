import type { ClockNote } from '../lease/clock-note.ts';
import type { Instant, Lease, LeaseState, LeaseTexts, Version } from '../lease/lease.ts';
import type { OutsideId } from '../lease/outside-id.ts';
import type { Reservation } from '../lease/reservation/reservation.ts';

/** A lease with its texts for people. `granter` is a server identifier, also where this gateway is the granter. */
export interface KeptLease extends Lease, LeaseTexts {
  /** The name of the granter's node; empty: it is not known. */
  readonly node: string;
}

/** How far a lease file mirrors shared leases. */
export interface MirrorPosition {
  /** GATEWAY_SEGMENT. */
  readonly segment: string;
  /** The id of the shared leases' generation. */
  readonly generation: string;
  /** The file has all changes up to this revision. */
  readonly revision: number;
}

/** This gateway knew all changes up to a revision at a time. The heartbeat of a live gateway agreed with its wall clock. */
export interface RevisionTime {
  readonly revision: Version;
  readonly at: Instant;
}

/** What the history needs of a record that is replaced. */
export type Replaced = Pick<Lease, 'client' | 'state' | 'expiresAt'>;

/** A changed record of the shared leases. */
export interface MirroredChange {
  /** The record before; undefined: there was none. */
  readonly before: Replaced | undefined;
  readonly after: KeptLease;
  /** Why it changed: a member of the engine's Reason; '': not known. */
  readonly reason: string;
}

/** A changed reservation of the shared ones. */
export interface MirroredReservation {
  readonly id: OutsideId;
  readonly before: Reservation | undefined;
  /** Undefined: it is forgotten. */
  readonly after: Reservation | undefined;
  /** Why it changed, with who ordered it; '': not known. */
  readonly reason: string;
}

/** A node's own copy of the leases that several gateways share. It may lag behind; the shared store decides. */
export interface Mirror {
  /** How far it mirrors shared leases; undefined: it does not, and has leases of its own, if any. */
  readonly position: MirrorPosition | undefined;
  /** All its leases, by address. */
  leases(): readonly KeptLease[];
  /** Takes a change; it is in the file soon. */
  put(change: MirroredChange): void;
  /** All its reservations. */
  reservations(): readonly Reservation[];
  /** Takes a change of a reservation; it is in the file soon. */
  putReservation(change: MirroredReservation): void;
  /** Call it when all changes up to a position have been put. */
  reached(position: MirrorPosition): void;
  /** Notes whether a majority of etcd answered at `now`. */
  noteQuorum(hasQuorum: boolean, now: Instant): void;
  /** The last note about this gateway's clock; undefined: there is none. */
  readonly clockNote: ClockNote | undefined;
  /** Notes it. It is in the file soon, and safe from a loss of power. */
  noteClock(note: ClockNote): void;
  /** The last noted times of revisions, the oldest first. */
  readonly revisionTimes: readonly RevisionTime[];
  /** Notes them. They are in the file soon. */
  noteRevisionTimes(notes: readonly RevisionTime[]): void;
  /** True: all that was put so far is in the file. False: it has not come so far within the time. Never rejects. */
  carry?(milliseconds: number): Promise<boolean>;
  /** Why the file does not follow the changes; undefined: it does. */
  readonly trouble: string | undefined;
  /** Resolves when the file has all that was put, or when its disk has not answered for a bounded time. */
  close(): void | Promise<void>;
}

/** True for a record that keeps others from its address: a running lease or quarantine, or a peer's lease. */
export function isHeld({ state, expiresAt }: { state: LeaseState; expiresAt: number }, now: number): boolean {
  return state !== 'free' && state !== 'offered' && expiresAt > now;
}
