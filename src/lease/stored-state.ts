import type { LeaseState } from './lease.ts';

/** Offers are never stored. */
export type StoredState = Exclude<LeaseState, 'offered'>;

export const STORED_STATES: readonly StoredState[] = ['free', 'bound', 'declined', 'peer'];
