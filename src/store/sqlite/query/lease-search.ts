import type { Ranked } from './first-of-order.ts';
import type { LeaseCondition } from './lease-conditions.ts';

/** What leases may be sorted by, and the column that has it. */
export const SORT_COLUMNS = {
  address: 'position',
  mac: 'hardware',
  hostname: "lower(coalesce(hostname, ''))",
  state: 'state',
  starts: 'starts_at',
  expires: 'expires_at',
  updated: 'updated_at',
  vps_id: "coalesce(vps_id, '')",
  node: "coalesce(node, '')",
} as const;
export type LeaseSort = keyof typeof SORT_COLUMNS;

/** What may be counted by its values. */
export const FACETS = ['state', 'node', 'organization_id'] as const;
export type Facet = (typeof FACETS)[number];

export interface LeaseSearch {
  readonly conditions: readonly LeaseCondition[];
  readonly sort: LeaseSort;
  readonly isDescending: boolean;
  readonly limit: number;
  /** Only rows behind this one, in this order. */
  readonly after: Ranked | undefined;
  readonly facets: readonly Facet[];
}

/** A row of a lease, as far as it is judged. */
export interface LookedAt {
  readonly position: number;
  /** The network card as a number; 0: none. */
  readonly hardware: number;
  readonly state: string;
  /** As it was when the lease was written last. */
  readonly reservationId: string | null;
}

/** What is listed with the leases, in one order. No lease that is listed has the same address. */
export interface Beside {
  /** False: that lease is not listed. */
  lists(lease: LookedAt): boolean;
  readonly rows: readonly (Ranked & { readonly facets: readonly unknown[] })[];
}
