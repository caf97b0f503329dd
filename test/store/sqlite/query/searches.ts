import type { LeaseCondition } from '../../../../src/store/sqlite/query/lease-conditions.ts';
import type { LeaseSearch } from '../../../../src/store/sqlite/query/lease-search.ts';

/** The first hundred leases by address, but for what is given. */
export function searchOf(parts: Partial<LeaseSearch> = {}): LeaseSearch {
  return {
    conditions: [],
    sort: 'address',
    isDescending: false,
    limit: 100,
    after: undefined,
    facets: [],
    ...parts,
  };
}

export function has(name: LeaseCondition['name'], value: string | number): LeaseCondition {
  return { name, value, isNegated: false };
}

export function lacks(name: LeaseCondition['name'], value: string | number): LeaseCondition {
  return { name, value, isNegated: true };
}
