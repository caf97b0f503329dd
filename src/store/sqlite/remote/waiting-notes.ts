import type { ClockNote } from '../../../lease/clock-note.ts';
import type { MirroredReservation } from '../../mirror.ts';
import type { MirrorNotes } from './mirror-messages.ts';

type Notes = { -readonly [Name in keyof MirrorNotes]: MirrorNotes[Name] };

/**
 * What the thread of the lease file is told beside the changes of leases. Only the newest of each kind is kept, so memory is
 * bounded while the disk hangs.
 */
export class WaitingNotes {
  #notes: Notes = {};

  get isEmpty(): boolean {
    return Object.keys(this.#notes).length === 0;
  }

  note(notes: Omit<MirrorNotes, 'clockNote' | 'reservations'>): void {
    Object.assign(this.#notes, notes);
  }

  /** Orders about the clock are in the history, each of them. */
  noteClock(note: ClockNote): void {
    const orders = [...(this.#notes.clockNote?.orders ?? []), ...(note.orders ?? [])];
    this.#notes.clockNote = orders.length === 0 ? note : { ...note, orders };
  }

  noteReservations(changes: readonly MirroredReservation[]): void {
    const waiting = new Map((this.#notes.reservations ?? []).map((change) => [change.id, change]));
    for (const change of changes) {
      const earlier = waiting.get(change.id);
      waiting.set(change.id, earlier === undefined ? change : { ...change, before: earlier.before });
    }
    this.#notes.reservations = [...waiting.values()];
  }

  /** All that waits, which waits no more. */
  take(): MirrorNotes {
    const notes = this.#notes;
    this.#notes = {};
    return notes;
  }
}
