import type { Database } from 'better-sqlite3';
import type { Reservation } from '../../../lease/reservation/reservation.ts';
import {
  RESERVATION_FIELD_NAMES,
  RESERVATION_FIELDS,
  reservationFromColumns,
} from '../../../lease/reservation/reservation-fields.ts';
import { betweenPages } from './pages.ts';

/** Rows of one read. */
const PAGE_ROWS = 1000;
const COLUMNS = RESERVATION_FIELD_NAMES.map((name) => RESERVATION_FIELDS[name].name).join(', ');

/** One by its id, in force or retired; undefined: there is none. */
export function readReservation(database: Database, id: string): Reservation | undefined {
  const row = database.prepare(`SELECT ${COLUMNS} FROM reservation WHERE id = ?`).raw().get(id);
  return row === undefined ? undefined : reservationFromColumns(row as readonly unknown[]);
}

/**
 * All that are wanted, in the order of their ids, in short reads.
 *
 * @throws the signal's reason when nobody waits for the answer any more.
 */
export async function readReservations(
  database: Database,
  isWanted: (reservation: Reservation) => boolean,
  signal: AbortSignal,
): Promise<readonly Reservation[]> {
  const rows = database
    .prepare(`SELECT ${COLUMNS} FROM reservation WHERE id > ? ORDER BY id LIMIT ${PAGE_ROWS}`)
    .raw();
  const found: Reservation[] = [];
  for (let after = ''; ; ) {
    const page = rows.all(after) as readonly (readonly unknown[])[];
    for (const row of page) {
      const reservation = reservationFromColumns(row);
      if (reservation !== undefined && isWanted(reservation)) found.push(reservation);
    }
    if (page.length < PAGE_ROWS) return found;
    after = String(page.at(-1)?.[RESERVATION_FIELD_NAMES.indexOf('id')]);
    await betweenPages(signal);
  }
}
