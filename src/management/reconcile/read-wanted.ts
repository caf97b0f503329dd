import { isObject } from '../../lease/reservation/field-kinds.ts';
import { readEntry } from '../../lease/reservation/read-entry.ts';
import type { ReservationEntry } from '../../lease/reservation/reservation.ts';
import type { RefusedEntry, Scope } from './reconcile-result.ts';

/** An entry of a desired set. */
export interface Wanted {
  readonly entry: ReservationEntry;
  /** Its position in the request, from 0. */
  readonly position: number;
}

export interface WantedSet {
  readonly wanted: readonly Wanted[];
  /** Those with faults. */
  readonly refused: readonly RefusedEntry[];
  /** All ids that are named, also by an entry with faults: what they have stays. */
  readonly named: ReadonlySet<string>;
}

/** Reads the entries of a scope, if there is one; one without the scope's label gets it. Of two with one id only the first counts. */
export function readWanted(entries: readonly unknown[], scope: Scope | undefined): WantedSet {
  const wanted: Wanted[] = [];
  const refused: RefusedEntry[] = [];
  const named = new Set<string>();
  for (const [position, json] of entries.entries()) {
    const id = idOf(json);
    const read = readEntry(json);
    const problems = 'problems' in read ? read.problems : wrongInScope(read.entry, scope, named);
    if (id !== undefined) named.add(id);
    if (problems.length > 0 || 'problems' in read) {
      refused.push({ entry: position, id, refusal: { why: 'invalid', problems } });
      continue;
    }
    wanted.push({ position, entry: withLabel(read.entry, scope) });
  }
  return { wanted, refused, named };
}

function withLabel(entry: ReservationEntry, scope: Scope | undefined): ReservationEntry {
  if (scope === undefined) return entry;
  return { ...entry, labels: { ...entry.labels, [scope.label]: scope.value } };
}

function wrongInScope(
  { id, labels }: ReservationEntry,
  scope: Scope | undefined,
  named: ReadonlySet<string>,
) {
  const problems = [];
  if (named.has(id)) problems.push({ pointer: '/id', detail: `is ${id}, as of an entry before it` });
  // Own ones only: a label may be named like a member that every object inherits.
  const found = scope !== undefined && Object.hasOwn(labels, scope.label) ? labels[scope.label] : undefined;
  if (scope !== undefined && found !== undefined && found !== scope.value)
    problems.push({
      pointer: `/labels/${scope.label}`,
      detail: `is ${found}, and the scope's is ${scope.value}`,
    });
  return problems;
}

function idOf(json: unknown): string | undefined {
  const id = isObject(json) ? json['id'] : undefined;
  return typeof id === 'string' ? id : undefined;
}
