import type { Instant, Lease } from '../lease/lease.ts';
import type { Ipv4 } from '../net/ipv4.ts';

/** Computes when records end that were written by another clock than this gateway's present wall clock. */
export interface LeaseEndEstimator {
  /**
   * The monotonic time, in a unit of its own. `isEarlier`: for a record that an earlier process of this gateway has written,
   * though this process reads it only now.
   */
  now(isEarlier: boolean): number;
  /** When a lease ends. `knownAt`: what `now` returned when this process got the record as it is. */
  endOf(lease: Lease, knownAt: number): Instant;
  /** True if `endOf` computes the end; false: the record ends at its `expiresAt`. */
  counts(granter: Ipv4, knownAt: number): boolean;
  /** A monotonic time, in a unit of its own: a record that was not known until now was written after it. */
  writtenAfter(): number;
  /** Until when at least its holder was promised the lease. `writtenAfter`: what that returned when this process got the record. */
  promisedUntil(lease: Lease, knownAt: number, writtenAfter: number): Instant;
}
