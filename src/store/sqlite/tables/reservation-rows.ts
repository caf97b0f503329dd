import type { Database, Statement } from 'better-sqlite3';
import type { HistoryEvent } from '../../../lease/history-event.ts';
import type { Instant, OutsideIds } from '../../../lease/lease.ts';
import type { Reservation } from '../../../lease/reservation/reservation.ts';
import {
  RESERVATION_FIELD_NAMES,
  RESERVATION_FIELDS,
  reservationFromColumns,
  reservationValues,
} from '../../../lease/reservation/reservation-fields.ts';
import { HISTORY_ROW, idValues } from './rows.ts';

const COLUMNS = RESERVATION_FIELD_NAMES.map((name) => RESERVATION_FIELDS[name].name);
const PUT = `INSERT OR REPLACE INTO reservation (${COLUMNS.join(', ')}) VALUES (${COLUMNS.map(() => '?').join(', ')})`;
const ADD_TO_HISTORY = `INSERT INTO history (${HISTORY_ROW.join(', ')}) VALUES (${HISTORY_ROW.map(() => '?').join(', ')})
ON CONFLICT (id) DO NOTHING`;

/** A row of the history about a reservation. */
export interface ReservationEvent {
  readonly eventId: number;
  readonly event: HistoryEvent;
  readonly reservation: Reservation;
  readonly reason: string;
  readonly at: Instant;
}

/** What a commit makes of the reservations. */
export interface ReservationRowChange {
  readonly id: string;
  /** Undefined: it is deleted. */
  readonly next: Reservation | undefined;
  readonly events: readonly ReservationEvent[];
}

/** Writes the rows of reservations. All methods throw errors of SQLite. */
export class ReservationRows {
  readonly #database: Database;
  readonly #node: string | null;
  readonly #put: Statement;
  readonly #delete: Statement;
  readonly #addToHistory: Statement;

  /** @param node The name of this node; null: it has none. */
  constructor(database: Database, node: string | null) {
    this.#database = database;
    this.#node = node;
    this.#put = database.prepare(PUT);
    this.#delete = database.prepare('DELETE FROM reservation WHERE id = ?');
    this.#addToHistory = database.prepare(ADD_TO_HISTORY);
  }

  /** Writes all of it or nothing. After it, a loss of power loses nothing. */
  writeSynced(changes: readonly ReservationRowChange[]): void {
    this.#database.pragma('synchronous = FULL');
    try {
      this.#database.transaction(() => {
        for (const change of changes) this.write(change);
      })();
    } finally {
      this.#database.pragma('synchronous = NORMAL');
    }
  }

  /** In the transaction of the caller. */
  write({ id, next, events }: ReservationRowChange): void {
    if (next === undefined) this.#delete.run(id);
    else this.#put.run(...reservationValues(next));
    for (const event of events) this.#writeEvent(event);
  }

  #writeEvent({ eventId, event, reservation, reason, at }: ReservationEvent): void {
    const { id, address, clientId, macs, hostname, retiredUntil, vpsId, organizationId } = reservation;
    const ids: OutsideIds = {
      ...{ vpsId, reservationId: id },
      ...(organizationId === undefined ? {} : { organizationId }),
    };
    const values = [eventId, at, address, clientId ?? '', macs[0] ?? 0, event, reason, retiredUntil ?? 0];
    this.#addToHistory.run(...values, hostname ?? null, this.#node, ...idValues(ids));
  }
}

/**
 * The reservations of a file, and how many rows no version of this program has written.
 *
 * @throws Error of SQLite.
 */
export function readReservationRows(database: Database): {
  readonly found: readonly Reservation[];
  readonly skipped: number;
} {
  const found: Reservation[] = [];
  let skipped = 0;
  const rows = database
    .prepare(`SELECT ${COLUMNS.join(', ')} FROM reservation ORDER BY id`)
    .raw()
    .all();
  for (const row of rows as readonly (readonly unknown[])[]) {
    const reservation = reservationFromColumns(row);
    if (reservation === undefined) skipped += 1;
    else found.push(reservation);
  }
  return { found, skipped };
}

/** Makes the reservations of a file those of memory, in the transaction of the caller. Throws errors of SQLite. */
export function replaceReservations(reservations: Iterable<Reservation>, to: Database): void {
  const rows = new ReservationRows(to, null);
  to.exec('DELETE FROM reservation');
  for (const next of reservations) rows.write({ id: next.id, next, events: [] });
}
