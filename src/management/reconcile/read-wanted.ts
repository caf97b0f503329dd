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

/** Reads the entries of a scope; one without the scope's label gets it. Of two with one id only the first counts. */
export function readWanted(entries: readonly unknown[], scope: Scope): WantedSet {
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
    const labels = { ...read.entry.labels, [scope.label]: scope.value };
    wanted.push({ position, entry: { ...read.entry, labels } });
  }
  return { wanted, refused, named };
}

function wrongInScope({ id, labels }: ReservationEntry, { label, value }: Scope, named: ReadonlySet<string>) {
  const found = labels[label];
  const problems = [];
  if (named.has(id)) problems.push({ pointer: '/id', detail: `is ${id}, as of an entry before it` });
  if (found !== undefined && found !== value)
    problems.push({ pointer: `/labels/${label}`, detail: `is ${found}, and the scope's is ${value}` });
  return problems;
}

function idOf(json: unknown): string | undefined {
  const id = isObject(json) ? json['id'] : undefined;
  return typeof id === 'string' ? id : undefined;
}
