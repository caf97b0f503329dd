import type { ClockNote } from '../lease/clock-note.ts';
import type { Instant, Lease } from '../lease/lease.ts';
import type { AddressRange, LeaseChange, LeaseCounts, LeaseView } from '../lease/lease-view.ts';
import type { Ipv4 } from '../net/ipv4.ts';

/**
 * committed: durable. conflict: something that the change rests on has moved; nothing was written, decide again.
 * failed: nothing was written. unknown: it may or may not have been written; promise nothing.
 */
export type Outcome = 'committed' | 'conflict' | 'failed' | 'unknown';

/** How long ago each other gateway was last heard, in milliseconds. Time in which nobody listened does not count. */
export type LastHeard = ReadonlyMap<Ipv4, number>;

export interface LeaseStore {
  /** Committed leases only, and offers; memory moves only after the commit. */
  readonly leases: LeaseView & LeaseCounts;
  /** Why nothing may be promised; undefined while `leases.canPromise`. */
  readonly failure: string | undefined;
  /** True: another process has its place, and it fails until this one is started again. Absent: that cannot be. */
  readonly isTaken?: boolean;
  /** What is wrong with the store though leases are promised; undefined: nothing. */
  readonly trouble: string | undefined;
  /**
   * The newest `at` of a change that was stored after the clock was noted last: the clock was there once. 0: nothing was
   * stored.
   */
  readonly lastStoredAt: Instant;
  /** How many commits may be under way at once. */
  readonly depth: number;
  /** How many changes one commit takes. */
  readonly batchLimit: number;
  /**
   * Applies a change that needs no commit, at once. 'needs-commit': nothing was done. The embedded store commits no
   * offers and no checks; a shared one commits all.
   */
  resolveWithoutCommit(change: LeaseChange): 'committed' | 'conflict' | 'needs-commit';
  /** Outcomes in the order of the changes; never rejects. No client and no address occurs twice in the changes. */
  commit(changes: readonly LeaseChange[]): Promise<readonly Outcome[]>;
  /**
   * Drops offers that have run out, and returns at most `limit` leases and quarantines that are over, none in flight, so
   * that orders may free them. Looks at a bounded number of records; each call goes on where the last one ended. It asks
   * `isOver` of those whose time is past, and of those whose end lies further ahead than their length allows.
   */
  sweep(now: Instant, limit: number, isOver?: (lease: Lease) => boolean): readonly Lease[];
  /**
   * Does a piece of what has to be done before these ranges are asked about; well under a millisecond each time, however
   * many addresses they have. True: nothing is left.
   */
  prepare(ranges: readonly AddressRange[]): boolean;
  /** Keeps an address out of every order of free ones from now on, for whoever it is reserved for; O(1). */
  reserve(address: Ipv4): void;
  /** The opposite; O(1). */
  unreserve(address: Ipv4): void;
  /** What was noted last of the clock; undefined: nothing. */
  readonly clockNote?: ClockNote | undefined;
  /** `idle` stores it, or `close`. Never throws. */
  noteClock?(note: ClockNote): void;
  /** What was noted last of the gateways that share nothing with this one; absent: the leases are shared. */
  readonly lastHeard?: LastHeard;
  /** `idle` stores it, or `close`. Never throws. */
  noteLastHeard?(lastHeard: LastHeard): void;
  /**
   * House-keeping in a small piece; for when no datagram waits, and once a second in any case: checkpoints, the
   * history's retention, and while nothing may be promised the attempt to write again. Never throws.
   */
  idle(now: Instant): void;
  /** After the last commit has ended. */
  close(): Promise<void>;
}
