import { codeOf } from '../../errors.ts';
import type { HistoryEvent } from '../../lease/history-event.ts';
import { historyReason } from '../../lease/history-reason.ts';
import type { Instant, Version } from '../../lease/lease.ts';
import type { LeaseChange } from '../../lease/lease-view.ts';
import type { Reservation, ReservationWrite } from '../../lease/reservation/reservation.ts';
import type { LeaseTable } from '../../lease-table/lease-table.ts';
import type { ReservationTable } from '../../lease-table/reservation-table.ts';
import type { Say } from '../../log/say.ts';
import type { Outcome } from '../lease-store.ts';
import type { MirroredReservation } from '../mirror.ts';
import type { HistoryRows } from './history/history-rows.ts';
import type { ReservationEvent, ReservationRowChange, ReservationRows } from './tables/reservation-rows.ts';

/** A change of reservations, with the rows that it writes. */
interface Planned {
  readonly change: LeaseChange;
  readonly version: Version;
  readonly rows: readonly ReservationRowChange[];
}

/** What it works with. */
interface Parts {
  readonly table: LeaseTable;
  readonly reservations: ReservationTable;
  readonly say: Say;
}

/** Writes reservations into the lease file, synced: they are few, and no client waits for them. */
export class ReservationCommits {
  readonly table: ReservationTable;
  readonly #leases: LeaseTable;
  readonly #history: HistoryRows;
  readonly #say: Say;

  constructor({ table, reservations, say }: Parts, history: HistoryRows) {
    this.table = reservations;
    this.#leases = table;
    this.#history = history;
    this.#say = say;
  }

  /**
   * Writes the reservations of the changes that are 'committed' so far, then memory moves. If they cannot be written, nothing of
   * them has changed and those changes have failed; leases are promised all the same while the journal can be written.
   */
  commit(
    changes: readonly LeaseChange[],
    outcomes: readonly Outcome[],
    rows: ReservationRows,
  ): readonly Outcome[] {
    if (!changes.some(({ reservations }) => reservations !== undefined)) return outcomes;
    const writing = changes.filter(
      ({ reservations }, index) => reservations !== undefined && outcomes[index] === 'committed',
    );
    if (writing.length === 0 || this.#write(writing, rows)) return outcomes;
    return outcomes.map((outcome, index) =>
      outcome === 'committed' && changes[index]?.reservations !== undefined ? 'failed' : outcome,
    );
  }

  #write(changes: readonly LeaseChange[], rows: ReservationRows): boolean {
    const lastEvent = this.#history.last;
    const planned = this.#plan(changes);
    try {
      rows.writeSynced(planned.flatMap((each) => each.rows));
    } catch (error) {
      this.#history.goBack(lastEvent);
      const cause = `${codeOf(error)}: ${error instanceof Error ? error.message : String(error)}`;
      this.#say('error', { cause }, 'reservations cannot be written to the lease file');
      return false;
    }
    for (const { change, version } of planned) {
      for (const write of change.reservations ?? []) this.table.apply(write, version);
      this.#leases.reached(version);
    }
    return true;
  }

  #plan(changes: readonly LeaseChange[]): readonly Planned[] {
    return changes.map((change, index) => {
      const version = this.#leases.revision + index + 1;
      const rows = (change.reservations ?? []).map((write) => ({
        id: write.id,
        next: write.next === 'removed' ? undefined : { ...write.next, version },
        events: eventsOf(write, change, version, this.table.get(write.id), () => this.#history.add()),
      }));
      return { change, version, rows };
    });
  }
}

function eventsOf(
  { next }: ReservationWrite,
  change: LeaseChange,
  version: Version,
  before: Reservation | undefined,
  nextEvent: () => number,
): readonly ReservationEvent[] {
  const after = next === 'removed' ? undefined : { ...next, version };
  return eventsBetween(before, after, historyReason(change), change.at, nextEvent);
}

/** The rows of a changed reservation of shared ones. */
export function rowsOfMirrored(
  { id, before, after, reason }: MirroredReservation,
  now: Instant,
  nextEvent: () => number,
): ReservationRowChange {
  return {
    id,
    next: after,
    events: eventsBetween(before, after, reason, after?.updatedAt ?? now, nextEvent),
  };
}

function eventsBetween(
  before: Reservation | undefined,
  after: Reservation | undefined,
  reason: string,
  at: Instant,
  nextEvent: () => number,
): readonly ReservationEvent[] {
  const events: ReservationEvent[] = [];
  if (before !== undefined && before.version === after?.version) return events; // It is only put again.
  const add = (event: HistoryEvent, reservation: Reservation) =>
    events.push({ eventId: nextEvent(), event, reservation, reason, at });
  const wasThere = before !== undefined && before.retiredUntil === undefined;
  const isThere = after !== undefined && after.retiredUntil === undefined;
  if (wasThere && !(isThere && after.address === before.address)) add('unreserved', before);
  if (isThere) add('reserved', after);
  return events;
}
