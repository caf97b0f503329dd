import { isObject } from './field-kinds.ts';
import type { ReservationRecord } from './reservation.ts';
import { RESERVATION_FIELD_NAMES, RESERVATION_FIELDS, shownField } from './reservation-fields.ts';

/** A member of a reservation that has become another one: `hostname`, `labels.node`. */
export interface MemberChange {
  readonly member: string;
  /** As JSON; null: there was, or is, none. */
  readonly from: unknown;
  readonly to: unknown;
}

/** They change with every change. */
const ALWAYS_OTHERS = ['id', 'createdAt', 'updatedAt', 'version'];
const COMPARED = RESERVATION_FIELD_NAMES.filter(
  (name) => !ALWAYS_OTHERS.includes(name),
) as readonly (keyof ReservationRecord)[];

/** What differs, in the order of the fields; labels and options one by one. */
export function changesBetween(before: ReservationRecord, next: ReservationRecord): readonly MemberChange[] {
  return COMPARED.flatMap((name) => {
    const [from, to] = [shownField(before, name), shownField(next, name)];
    const member = RESERVATION_FIELDS[name].name;
    return isObject(from) && isObject(to) ? changedMembers(member, from, to) : changed(member, from, to);
  });
}

type Members = Readonly<Record<string, unknown>>;

function changedMembers(member: string, from: Members, to: Members): readonly MemberChange[] {
  const names = new Set([...Object.keys(from), ...Object.keys(to)]);
  return [...names].flatMap((name) => changed(`${member}.${name}`, ownOf(from, name), ownOf(to, name)));
}

/** A label may be named like a member that every object inherits: `constructor`. */
function ownOf(members: Members, name: string): unknown {
  return Object.hasOwn(members, name) ? members[name] : null;
}

function changed(member: string, from: unknown, to: unknown): readonly MemberChange[] {
  return JSON.stringify(from) === JSON.stringify(to) ? [] : [{ member, from, to }];
}
