import type { LeaseChange } from '../lease/lease-view.ts';
import type { ReservationCheck } from '../lease/reservation/claims.ts';
import type { LeaseTable } from './lease-table.ts';
import type { ReservationTable } from './reservation-table.ts';

/** Compares the changes of one commit with what is in memory, and their reservations with each other too. It writes nothing. */
export class CommitCheck {
  readonly #table: LeaseTable;
  readonly #reservations: ReservationTable;
  /** Made for the few commits that need one. */
  #check: ReservationCheck | undefined;

  constructor(table: LeaseTable, reservations: ReservationTable) {
    this.#table = table;
    this.#reservations = reservations;
  }

  /** True if a version that the change expects has changed, or if another reservation has what one of the change claims. */
  conflicts(change: LeaseChange): boolean {
    if (this.#table.conflicts(change)) return true;
    if (change.reservations === undefined) return false;
    this.#check ??= this.#reservations.check();
    return this.#check.conflicts(change.reservations);
  }
}
