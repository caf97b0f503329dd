import { INFINITE_SECONDS, type Instant, type Lease, NEVER } from './lease.ts';

/** 2025-01-01: this program is younger, so a clock that says less is wrong, and so was one that has said it. */
export const EARLIEST = 1_735_689_600_000 as Instant;
/** Two readings of one clock may differ by this: milliseconds. */
export const CLOCK_TOLERANCE = 60_000;

/** What is known of the wall clock that leases are ended by. */
export interface ClockTrust {
  /** False: it is in doubt, and nothing is over. */
  readonly isTrusted: boolean;
  /** For so long it has not jumped, as far as that is proven; Infinity: it is not known to have. Milliseconds. */
  readonly steadyFor: number;
  /** For so long this gateway has known what it holds, by its monotonic clock: milliseconds. */
  readonly knownFor: number;
}

/**
 * False: a lease may run still though its time is past by the wall clock. A clock that has jumped says nothing of leases
 * from before the jump, nor does any of one that was written at a time that cannot have been: such a lease is over when
 * its length, and a minute, has passed since.
 */
export function mayBeOver(lease: Lease, { isTrusted, steadyFor, knownFor }: ClockTrust): boolean {
  if (!isTrusted) return false;
  const least = lengthOf(lease) + CLOCK_TOLERANCE;
  return steadyFor >= least && (lease.updatedAt >= EARLIEST || knownFor >= least);
}

/**
 * True if a lease or quarantine is over, and what it held may be freed. One whose end lies further ahead than its length
 * allows was written under another clock: it is over when its length, and a minute, has passed since it is known here.
 */
export function isOver(lease: Lease, now: Instant, clock: ClockTrust): boolean {
  if (lease.expiresAt <= now) return mayBeOver(lease, clock);
  return clock.isTrusted && isFarAhead(lease, now) && clock.knownFor >= lengthOf(lease) + CLOCK_TOLERANCE;
}

/** True if a lease or quarantine that was given by this clock would end sooner. */
export function isFarAhead(lease: Pick<Lease, EndField>, now: Instant): boolean {
  return lease.expiresAt - now > lengthOf(lease) + CLOCK_TOLERANCE;
}

type EndField = 'expiresAt' | 'updatedAt' | 'leaseSeconds';

/**
 * How long a lease was given for, in milliseconds; Infinity: without end. Where it does not say so, an older version
 * wrote it, for the time from then to its end.
 */
export function lengthOf({ expiresAt, updatedAt, leaseSeconds }: Pick<Lease, EndField>): number {
  if (leaseSeconds === INFINITE_SECONDS || expiresAt === NEVER) return Number.POSITIVE_INFINITY;
  return leaseSeconds > 0 ? leaseSeconds * 1000 : Math.max(0, expiresAt - updatedAt);
}

/** By the wall clock alone. */
export function hasRunOut(now: Instant): (lease: Lease) => boolean {
  return ({ expiresAt }) => expiresAt <= now;
}
