import { canBeInPath } from '../outside-id.ts';
import { type EntryProblem, escaped, isObject } from './field-kinds.ts';
import type { ReservationEntry } from './reservation.ts';
import {
  RESERVATION_FIELD_NAMES,
  RESERVATION_FIELDS,
  type ReservationFieldName,
} from './reservation-fields.ts';

export type ReadEntry =
  | { readonly entry: ReservationEntry }
  | { readonly problems: readonly [EntryProblem, ...EntryProblem[]] };

/** Why an id is none for a reservation. */
export const NO_PATH = 'is . or .., which no address of a request can name';

const NAMES = RESERVATION_FIELD_NAMES.filter((name) => RESERVATION_FIELDS[name].saidBy === 'entry');
const NAME_OF: ReadonlyMap<string, ReservationFieldName> = new Map(
  NAMES.map((name) => [RESERVATION_FIELDS[name].name, name]),
);

/**
 * What somebody wants to be reserved, from JSON, with everything that is wrong with it. null is as good as absent. Without
 * `vps_id` the id stands for it.
 *
 * @param id The id that it is to have; undefined: the JSON has it.
 */
export function readEntry(json: unknown, id?: string): ReadEntry {
  if (!isObject(json)) return { problems: [{ pointer: '', detail: 'is not an object' }] };
  const problems: EntryProblem[] = [];
  const found: Partial<Record<ReservationFieldName, unknown>> = { macs: [], labels: {}, options: {} };
  for (const [member, value] of Object.entries(json)) {
    const name = NAME_OF.get(member);
    const pointer = `/${escaped(member)}`;
    if (name === undefined) problems.push({ pointer, detail: unknownMember(member) });
    else if (value !== null) found[name] = readMember(name, value, pointer, problems);
  }
  readId(id, found, problems);
  found.vpsId ??= found.id;
  const [first, ...others] = problems;
  if (first !== undefined) return { problems: [first, ...others] };
  const entry = Object.fromEntries(NAMES.map((name) => [name, found[name]]));
  return { entry: entry as unknown as ReservationEntry };
}

function readMember(
  name: ReservationFieldName,
  value: unknown,
  pointer: string,
  problems: EntryProblem[],
): unknown {
  return RESERVATION_FIELDS[name].kind.read(value, (detail, part = '') => {
    problems.push({ pointer: pointer + part, detail });
    return undefined;
  });
}

function readId(
  id: string | undefined,
  found: Partial<Record<ReservationFieldName, unknown>>,
  problems: EntryProblem[],
): void {
  const read = id === undefined ? found.id : id;
  if (typeof read === 'string' && !canBeInPath(read)) problems.push({ pointer: '/id', detail: NO_PATH });
  if (id === undefined) {
    if (found.id === undefined && !problems.some(({ pointer }) => pointer === '/id'))
      problems.push({ pointer: '/id', detail: 'is missing' });
    return;
  }
  if (found.id !== undefined && found.id !== id)
    problems.push({ pointer: '/id', detail: `is not ${id}, which the address of the request names` });
  found.id = readMember('id', id, '/id', problems);
}

function unknownMember(member: string): string {
  const isOurs = RESERVATION_FIELD_NAMES.some((name) => RESERVATION_FIELDS[name].name === member);
  if (isOurs) return 'is said by the server alone';
  return `is not a member of a reservation: it has ${[...NAME_OF.keys()].join(', ')}`;
}
