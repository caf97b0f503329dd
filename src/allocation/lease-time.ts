import type { ClientKey } from '../lease/client-key.ts';
import { INFINITE_SECONDS } from '../lease/lease.ts';
import { isInOrder, type RenewalRule, secondsOf, USUAL_T1, USUAL_T2 } from '../subnet/renewal.ts';
import type { LeaseTimes } from '../subnet/subnet.ts';
import { hashOfClient } from './client-hash.ts';

/** RFC 2131 §4.3.1: the requested lease time if policy accepts it, else the nearest that it does; in seconds. */
export function leaseSecondsFor(requested: number | undefined, times: LeaseTimes): number {
  if (requested === undefined) return times.default;
  return Math.min(Math.max(requested, times.minimum), times.maximum);
}

const USUAL: RenewalRule = {};

export interface RenewalTimes {
  /** T1, in seconds. */
  readonly renewal: number;
  /** T2, in seconds. */
  readonly rebinding: number;
}

/** How far T1 and T2 may come before their nominal time: a tenth of T1. */
const SPREAD = 0.1;

/**
 * RFC 2131 §4.4.5: T1 is half the lease and T2 seven eighths of it, with some fuzz, so that guests that were started
 * together do not renew together. The fuzz is the client's own and always the same. Undefined: the lease has no end.
 *
 * @param rule Times of the operator's own; where the lease is too short for them, as it is for a client that has asked for a
 *   short one, the usual ones count.
 */
export function renewalTimesFor(
  leaseSeconds: number,
  client: ClientKey,
  rule: RenewalRule = USUAL,
): RenewalTimes | undefined {
  if (leaseSeconds === INFINITE_SECONDS) return undefined;
  const { t1 = USUAL_T1, t2 = USUAL_T2 } = isInOrder(rule, leaseSeconds) ? rule : USUAL;
  const renewal = secondsOf(t1, leaseSeconds);
  const early = (hashOfClient(client) / 0x1_0000_0000) * SPREAD * renewal;
  return {
    renewal: Math.floor(renewal - early),
    rebinding: Math.floor(secondsOf(t2, leaseSeconds) - early),
  };
}
