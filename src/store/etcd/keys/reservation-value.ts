import { isObject } from '../../../lease/reservation/field-kinds.ts';
import type { Reservation, ReservationRecord } from '../../../lease/reservation/reservation.ts';
import {
  isReservationMember,
  reservationFromJson,
  reservationToJson,
} from '../../../lease/reservation/reservation-fields.ts';
import type { Revision } from '../client/etcd.ts';

/** The value of a reservation's key. */
export interface ReservationValue {
  readonly reservation: Reservation;
  /** Why it was written: for the history on every node. */
  readonly reason: string;
}

/**
 * The value as text: its fields, the id of the change that wrote it, and the reason. What a newer version has added to the value
 * before stays.
 */
export function formatReservation(
  record: ReservationRecord,
  operationId: string,
  reason: string,
  before: string | undefined,
): string {
  const { version: _version, ...json } = reservationToJson({ ...record, version: 0 });
  return JSON.stringify({ ...unknownIn(before), ...json, op: operationId, reason });
}

/** @returns undefined for a value that no version of the gateway has written. */
export function parseReservation(text: string, version: Revision): ReservationValue | undefined {
  const json = parsed(text);
  const reservation = isObject(json) ? reservationFromJson({ ...json, version }) : undefined;
  if (reservation === undefined || !isObject(json)) return undefined;
  const { reason } = json;
  return { reservation, reason: typeof reason === 'string' ? reason : '' };
}

/** Members that this version does not know. */
function unknownIn(before: string | undefined): object {
  const json = before === undefined ? undefined : parsed(before);
  if (!isObject(json)) return {};
  return Object.fromEntries(
    Object.entries(json).filter(([member]) => !isReservationMember(member) && member !== 'seeded'),
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
