import type { Lease, LeaseRecord, OutsideIds } from './lease.ts';
import { ID_NAMES, type IdName } from './lease-fields.ts';
import { isOutsideId, type OutsideId } from './outside-id.ts';

/** What a record says that has none from now on. */
export const NO_IDS: OutsideIds = {};

/** The ids among what was read from somewhere; undefined: there is none. What is no id is left out. */
export function idsFrom(read: (name: IdName) => unknown): OutsideIds | undefined {
  let ids: Partial<Record<IdName, OutsideId>> | undefined;
  for (const name of ID_NAMES) {
    const value = read(name);
    if (!isOutsideId(value)) continue;
    ids ??= {};
    ids[name] = value;
  }
  return ids;
}

/** Those that an address has after a write: they belong to the client, and stay as long as the address names it. */
export function idsAfter(
  { client, ids }: Pick<LeaseRecord, 'client' | 'ids'>,
  before: Pick<Lease, 'client' | 'ids'> | undefined,
): OutsideIds | undefined {
  if (ids === undefined) return before?.client === client ? before.ids : undefined;
  return hasAny(ids) ? ids : undefined;
}

export function sameIds(one: OutsideIds | undefined, other: OutsideIds | undefined): boolean {
  return one === other || ID_NAMES.every((name) => one?.[name] === other?.[name]);
}

function hasAny(ids: OutsideIds): boolean {
  return ID_NAMES.some((name) => ids[name] !== undefined);
}
