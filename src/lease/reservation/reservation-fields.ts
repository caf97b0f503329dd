import type { FieldKind } from './field-kinds.ts';
import * as kinds from './field-kinds.ts';
import type { Reservation, ReservationRecord } from './reservation.ts';

/** One row of the table. */
interface Field<Value> {
  readonly kind: FieldKind<Value>;
  /** Its member in JSON and in etcd, and its column in the table `reservation`. */
  readonly name: string;
  /** entry: whoever orders a reservation may say it. server: only the server does. */
  readonly saidBy: 'entry' | 'server';
}

type Fields = { readonly [Name in keyof Reservation]-?: Field<NonNullable<Reservation[Name]>> };

/**
 * What a reservation is: a row for each field, in the order of the columns. The columns, the checks, what is listed and the
 * values in etcd derive from it. A new field is a row at the end, and a step of MIGRATIONS that adds its column.
 */
export const RESERVATION_FIELDS: Fields = {
  id: { kind: kinds.id, name: 'id', saidBy: 'entry' },
  address: { kind: kinds.address, name: 'address', saidBy: 'entry' },
  macs: { kind: kinds.macs, name: 'mac', saidBy: 'entry' },
  clientId: { kind: kinds.clientId, name: 'client_id', saidBy: 'entry' },
  circuitId: { kind: kinds.circuitId, name: 'circuit_id', saidBy: 'entry' },
  port: { kind: kinds.port, name: 'port', saidBy: 'entry' },
  hostname: { kind: kinds.hostname, name: 'hostname', saidBy: 'entry' },
  vpsId: { kind: kinds.id, name: 'vps_id', saidBy: 'entry' },
  organizationId: { kind: kinds.id, name: 'organization_id', saidBy: 'entry' },
  labels: { kind: kinds.labels, name: 'labels', saidBy: 'entry' },
  options: { kind: kinds.options, name: 'options', saidBy: 'entry' },
  leaseTime: { kind: kinds.leaseTime, name: 'lease_time', saidBy: 'entry' },
  note: { kind: kinds.note, name: 'note', saidBy: 'entry' },
  source: { kind: kinds.source, name: 'source', saidBy: 'server' },
  retiredUntil: { kind: kinds.time, name: 'retired_until', saidBy: 'server' },
  createdAt: { kind: kinds.time, name: 'created_at', saidBy: 'server' },
  updatedAt: { kind: kinds.time, name: 'updated_at', saidBy: 'server' },
  version: { kind: kinds.version, name: 'version', saidBy: 'server' },
};

export type ReservationFieldName = keyof Reservation;

/** In the order of their columns. */
export const RESERVATION_FIELD_NAMES = Object.keys(RESERVATION_FIELDS) as readonly ReservationFieldName[];

/** The members that must be there; what else is absent has a value of its own, or none. */
const REQUIRED: ReadonlySet<ReservationFieldName> = new Set([
  ...(['id', 'address', 'vpsId', 'source', 'createdAt', 'updatedAt', 'version'] as const),
]);
const EMPTY: Partial<Record<ReservationFieldName, unknown>> = { macs: [], labels: {}, options: {} };

/** A reservation as JSON, without what there is none of. */
export function reservationToJson(reservation: Reservation): Readonly<Record<string, unknown>> {
  const json: Record<string, unknown> = {};
  for (const name of RESERVATION_FIELD_NAMES) {
    const value = reservation[name];
    if (value !== undefined) json[RESERVATION_FIELDS[name].name] = kindOf(name).show(value);
  }
  return json;
}

/** The value of one field as JSON; null: there is none. */
export function shownField(reservation: ReservationRecord, name: keyof ReservationRecord): unknown {
  const value = reservation[name];
  return value === undefined ? null : kindOf(name).show(value);
}

/** The members of an entry as JSON: what whoever orders it can say. */
export function entryToJson(reservation: Reservation): Readonly<Record<string, unknown>> {
  const json = reservationToJson(reservation);
  const names = RESERVATION_FIELD_NAMES.filter((name) => RESERVATION_FIELDS[name].saidBy === 'entry');
  return Object.fromEntries(
    names
      .map((name) => [RESERVATION_FIELDS[name].name, json[RESERVATION_FIELDS[name].name]])
      .filter(([, value]) => value !== undefined),
  );
}

/** True if only times and versions differ. */
export function isSameReservation(one: ReservationRecord, other: ReservationRecord): boolean {
  const times = { createdAt: one.createdAt, updatedAt: one.updatedAt, version: 0 };
  const [first, second] = [one, other].map((each) =>
    JSON.stringify(reservationValues({ ...each, ...times })),
  );
  return first === second;
}

/** The reservation of JSON that this program has written; undefined: it has not. Members that it does not know are passed over. */
export function reservationFromJson(json: unknown): Reservation | undefined {
  if (!kinds.isObject(json)) return undefined;
  return assembled((name) => {
    const value = json[RESERVATION_FIELDS[name].name];
    if (value === undefined) return undefined;
    const kind = kindOf(name);
    return (kind.readStored === undefined ? kinds.readSound(kind, value) : kind.readStored(value)) ?? null;
  });
}

/** The values of all columns, in their order; null: there is none. */
export function reservationValues(reservation: Reservation): readonly (string | number | null)[] {
  return RESERVATION_FIELD_NAMES.map((name) => {
    const value = reservation[name];
    return value === undefined ? null : kindOf(name).toColumn(value);
  });
}

/** The reservation of a row with all columns in their order; undefined: no version of this program has written it. */
export function reservationFromColumns(row: readonly unknown[]): Reservation | undefined {
  return assembled((name) => {
    const value = row[RESERVATION_FIELD_NAMES.indexOf(name)] ?? undefined;
    if (value === undefined) return undefined;
    return kindOf(name).fromColumn(value) ?? null;
  });
}

/** @param read null: there is a value, and it is wrong. */
function assembled(read: (name: ReservationFieldName) => unknown): Reservation | undefined {
  const found: Partial<Record<ReservationFieldName, unknown>> = {};
  for (const name of RESERVATION_FIELD_NAMES) {
    const value = read(name);
    if (value === null || (value === undefined && REQUIRED.has(name))) return undefined;
    found[name] = value === undefined ? EMPTY[name] : value;
  }
  return found as Reservation;
}

/** The kind of a field, for values that come from the same field. */
function kindOf(name: ReservationFieldName): FieldKind<unknown> {
  return RESERVATION_FIELDS[name].kind as FieldKind<unknown>;
}

/** True for the name of a field in JSON. */
export function isReservationMember(member: string): boolean {
  return RESERVATION_FIELD_NAMES.some((name) => RESERVATION_FIELDS[name].name === member);
}
