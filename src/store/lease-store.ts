import type { LeaseChange, LeaseView } from '../lease/lease-view.ts';

/**
 * committed: durable. conflict: something that the change rests on has moved; nothing was written, decide again.
 * failed: nothing was written. unknown: it may or may not have been written; promise nothing.
 */
export type Outcome = 'committed' | 'conflict' | 'failed' | 'unknown';

export interface LeaseStore {
  /** Committed leases only, and offers; memory moves only after the commit. */
  readonly leases: LeaseView;
  /** How many commits may be under way at once. */
  readonly depth: number;
  /** How many changes one commit takes. */
  readonly batchLimit: number;
  /**
   * Settles a change that needs no commit, at once: 'committed' or 'conflict'. Undefined: it must be committed.
   * The embedded store settles holds and assertions; a shared one nothing.
   */
  settle(change: LeaseChange): 'committed' | 'conflict' | undefined;
  /** Outcomes in the order of the changes; never rejects. No client and no address occurs twice in the changes. */
  commit(changes: readonly LeaseChange[]): Promise<readonly Outcome[]>;
  /** After the last commit has ended. */
  close(): Promise<void>;
}
