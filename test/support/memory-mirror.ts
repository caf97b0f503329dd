import type { ClockNote } from '../../src/lease/clock-note.ts';
import type { Instant } from '../../src/lease/lease.ts';
import type { Reservation } from '../../src/lease/reservation/reservation.ts';
import type { Ipv4 } from '../../src/net/ipv4.ts';
import type {
  KeptLease,
  Mirror,
  MirroredChange,
  MirroredReservation,
  MirrorPosition,
  RevisionTime,
} from '../../src/store/mirror.ts';

/** A node's copy of the shared leases, without a file: what a gateway finds again when it is started anew. */
export class MemoryMirror implements Mirror {
  position: MirrorPosition | undefined;
  clockNote: ClockNote | undefined;
  readonly trouble = undefined;
  /** Every change that was put. */
  readonly changes: MirroredChange[] = [];
  hasQuorum = false;
  revisionTimes: readonly RevisionTime[] = [];
  /** Every change of a reservation that was put. */
  readonly reservationChanges: MirroredReservation[] = [];
  readonly #leases = new Map<Ipv4, KeptLease>();
  readonly #reservations = new Map<string, Reservation>();

  constructor(leases: readonly KeptLease[] = []) {
    for (const lease of leases) this.#leases.set(lease.address, lease);
  }

  leases(): readonly KeptLease[] {
    return [...this.#leases.values()].sort((one, other) => one.address - other.address);
  }

  put(change: MirroredChange): void {
    this.changes.push(change);
    this.#leases.set(change.after.address, change.after);
  }

  reservations(): readonly Reservation[] {
    return [...this.#reservations.values()];
  }

  putReservation(change: MirroredReservation): void {
    this.reservationChanges.push(change);
    if (change.after === undefined) this.#reservations.delete(change.id);
    else this.#reservations.set(change.id, change.after);
  }

  reached(position: MirrorPosition): void {
    this.position = position;
  }

  noteQuorum(hasQuorum: boolean, _now: Instant): void {
    this.hasQuorum = hasQuorum;
  }

  noteClock(note: ClockNote): void {
    this.clockNote = note;
  }

  noteRevisionTimes(notes: readonly RevisionTime[]): void {
    this.revisionTimes = notes;
  }

  close(): void {}
}
