import type { Lease, LeaseState } from './lease.ts';

/** Offers are never stored. */
export type StoredState = Exclude<LeaseState, 'offered'>;

export const STORED_STATES: readonly StoredState[] = ['free', 'bound', 'declined', 'peer'];

/** A lease or a quarantine, or the end of one; no offer. */
export interface StoredLease extends Lease {
  readonly state: StoredState;
}
