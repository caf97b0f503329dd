import type { ClientKey } from '../lease/client-key.ts';
import type { ClockNote } from '../lease/clock-note.ts';
import type { Instant, Lease, Version } from '../lease/lease.ts';
import type { AddressRange, LeaseChange, LeaseCounts, LeaseView } from '../lease/lease-view.ts';
import type { Reservations } from '../lease/reservation/reservation-view.ts';
import type { HardwareAddress } from '../net/hardware-address.ts';
import type { Ipv4 } from '../net/ipv4.ts';

/**
 * committed: the change is durable; an offer or a check, which the embedded store does not write, holds. conflict: a version that it expects has changed; nothing was written, decide again.
 * failed: nothing was written. unknown: it may have been written or not; promise nothing.
 */
export type Outcome = (typeof OUTCOMES)[number];
export const OUTCOMES = ['committed', 'conflict', 'failed', 'unknown'] as const;

/** What a change would write, and what that rests on. */
export type WhatIsWritten = Pick<LeaseChange, 'writes' | 'reservations'>;

/** A key of a shared store whose value no version that this one knows has written: nothing overwrites it. */
export interface UnreadableKey {
  readonly key: string;
  /** What shows it, and what makes it readable. */
  readonly remedy: string;
}

/** How long ago each other gateway was last heard, in milliseconds. Time in which nobody listened does not count. */
export type LastHeard = ReadonlyMap<Ipv4, number>;

/** A DHCPREQUEST in which a client has selected another gateway, for an address that has a record of this one. */
export interface HeardSelection {
  readonly address: Ipv4;
  readonly client: ClientKey;
  readonly hardware: HardwareAddress;
  /** The gateway, by its server identifier. */
  readonly granter: Ipv4;
  /** When it was heard, by the wall clock then; and the newest version that was stored then. */
  readonly on: Instant;
  readonly revision: Version;
  /** True: another client asked at the same moment, and only the two gateways know which of them has the address. */
  readonly isOpen: boolean;
}

export interface LeaseStore {
  /** Committed leases, and offers. A lease is in here only after its commit. */
  readonly leases: LeaseView & LeaseCounts;
  /** Committed reservations. Their addresses are in no order of free addresses. */
  readonly reservations: Reservations;
  /** Why no lease may be promised; undefined while `leases.canPromise`. */
  readonly failure: string | undefined;
  /** True: another process writes the lease file, and this store fails until it is opened again. Absent: never. */
  readonly isTaken?: boolean;
  /** What is wrong with the store while it still promises leases; undefined: nothing. */
  readonly trouble: string | undefined;
  /** The part of the journal that is not in the lease file yet: 0 to 1. Absent: there is no journal. */
  readonly journalFill?: number;
  /**
   * The newest `at` of a change that was stored after the last note about the clock: the wall clock has shown that time.
   * 0: nothing was stored.
   */
  readonly lastStoredAt: Instant;
  /** How many commits may be under way at once. */
  readonly depth: number;
  /** How many changes one commit takes. */
  readonly batchLimit: number;
  /**
   * Applies a change that needs no commit, at once. 'needs-commit': nothing was done. The embedded store commits no
   * offers and no checks; a shared one commits checks, and offers while it is not sure of its majority.
   */
  resolveWithoutCommit(change: LeaseChange): 'committed' | 'conflict' | 'needs-commit';
  /** Resolves to the outcomes, in the order of the changes; never rejects. No client and no address may occur twice. */
  commit(changes: readonly LeaseChange[]): Promise<readonly Outcome[]>;
  /** The key for which a change conflicts however often it is decided again; undefined: there is none. Absent: there never is. */
  unreadableKey?(change: WhatIsWritten): UnreadableKey | undefined;
  /**
   * Ends offers that have run out, and returns at most `limit` leases and quarantines that are over and not in flight, for
   * the caller to free. Looks at a bounded number of records; each call goes on where the last one ended.
   *
   * @param isOver Asked about each record that has run out, or ends later than its length allows.
   */
  sweep(now: Instant, limit: number, isOver?: (lease: Lease) => boolean): readonly Lease[];
  /**
   * Does a piece of the work before these ranges are asked about: well under a millisecond, however many addresses they
   * have. True: nothing is left.
   */
  prepare(ranges: readonly AddressRange[]): boolean;
  /** The last note about the clock; undefined: there is none. */
  readonly clockNote?: ClockNote | undefined;
  /** Notes it; `idle` or `close` stores it. Never throws. */
  noteClock?(note: ClockNote): void;
  /** The last note about gateways that share no leases with this one; absent: the leases are shared. */
  readonly lastHeard?: LastHeard;
  /** Notes it; `idle` or `close` stores it. Never throws. */
  noteLastHeard?(lastHeard: LastHeard): void;
  /** The last note of what was heard over records of one's own; absent: the leases are shared. */
  readonly heardSelections?: readonly HeardSelection[];
  /** Notes it; `idle` or `close` stores it. Never throws. */
  noteHeardSelections?(selections: readonly HeardSelection[]): void;
  /**
   * Does a small piece of maintenance: checkpoints, the history's retention, and while no lease may be promised an attempt
   * to write again. Call it when no datagram waits, and once a second in any case. Never throws.
   */
  idle(now: Instant): void;
  /**
   * Brings all that was committed so far into the lease file, in steps that delay no packet. False: it has not come so far
   * within the time. Absent: there is no file. Never rejects.
   */
  carry?(milliseconds: number): Promise<boolean>;
  /** Call it after the last commit has ended. */
  close(): Promise<void>;
}
