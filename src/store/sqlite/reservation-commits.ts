import type { HistoryEvent } from '../../lease/history-event.ts';
import { historyReason } from '../../lease/history-reason.ts';
import type { Version } from '../../lease/lease.ts';
import type { LeaseChange } from '../../lease/lease-view.ts';
import type { Reservation, ReservationWrite } from '../../lease/reservation/reservation.ts';
import type { ReservationTable } from '../../lease-table/reservation-table.ts';
import type { ReservationEvent, ReservationRowChange } from './tables/reservation-rows.ts';

/** A change of reservations, with the rows that it writes. */
interface Planned {
  readonly change: LeaseChange;
  readonly version: Version;
  readonly rows: readonly ReservationRowChange[];
}

/**
 * The rows of changes of reservations.
 *
 * @param after The newest version before the first of them.
 * @param nextEvent Gives the id of another row of the history.
 */
export function planReservations(
  changes: readonly LeaseChange[],
  after: Version,
  reservations: ReservationTable,
  nextEvent: () => number,
): readonly Planned[] {
  return changes.map((change, index) => {
    const version = after + index + 1;
    const rows = (change.reservations ?? []).map((write) => ({
      id: write.id,
      next: write.next === 'removed' ? undefined : { ...write.next, version },
      events: eventsOf(write, change, version, reservations.get(write.id), nextEvent),
    }));
    return { change, version, rows };
  });
}

function eventsOf(
  { next }: ReservationWrite,
  change: LeaseChange,
  version: Version,
  before: Reservation | undefined,
  nextEvent: () => number,
): readonly ReservationEvent[] {
  const events: ReservationEvent[] = [];
  const add = (event: HistoryEvent, reservation: Reservation) => {
    const reason = historyReason(change);
    events.push({ eventId: nextEvent(), event, reservation, reason, at: change.at });
  };
  const wasThere = before !== undefined && before.retiredUntil === undefined;
  const isThere = next !== 'removed' && next.retiredUntil === undefined;
  if (wasThere && !(isThere && next.address === before.address)) add('unreserved', before);
  if (isThere) add('reserved', { ...next, version });
  return events;
}
