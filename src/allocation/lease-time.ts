import type { ClientKey } from '../lease/client-key.ts';
import { INFINITE_SECONDS } from '../lease/lease.ts';
import type { LeaseTimes } from '../subnet/subnet.ts';
import { hashOfClient } from './client-hash.ts';

/** RFC 2131 §4.3.1: the requested lease time if policy accepts it, else the nearest that it does; in seconds. */
export function leaseSecondsFor(requested: number | undefined, times: LeaseTimes): number {
  if (requested === undefined) return times.default;
  return Math.min(Math.max(requested, times.minimum), times.maximum);
}

export interface RenewalTimes {
  /** T1, in seconds. */
  readonly renewal: number;
  /** T2, in seconds. */
  readonly rebinding: number;
}

/** How far T1 and T2 may come before their nominal time: a twentieth of the lease. */
const SPREAD = 0.05;

/**
 * RFC 2131 §4.4.5: T1 is half the lease and T2 seven eighths of it, with some fuzz, so that guests that were started
 * together do not renew together. The fuzz is the client's own and always the same. Undefined: the lease has no end.
 */
export function renewalTimesFor(leaseSeconds: number, client: ClientKey): RenewalTimes | undefined {
  if (leaseSeconds === INFINITE_SECONDS) return undefined;
  const early = (hashOfClient(client) / 0x1_0000_0000) * SPREAD * leaseSeconds;
  return {
    renewal: Math.floor(0.5 * leaseSeconds - early),
    rebinding: Math.floor(0.875 * leaseSeconds - early),
  };
}
