/** RFC 2131 §4.4.5: when a client renews (T1) and rebinds (T2). Below 1: a part of the lease; else seconds. Absent: as usual. */
export interface RenewalRule {
  readonly t1?: number | undefined;
  readonly t2?: number | undefined;
}

/** RFC 2131 §4.4.5: the default values. */
export const USUAL_T1 = 0.5;
export const USUAL_T2 = 0.875;

/** A time of the rule for a lease of so many seconds. */
export function secondsOf(rule: number, leaseSeconds: number): number {
  return rule < 1 ? rule * leaseSeconds : rule;
}

/** True: T1 is before T2, and T2 before the end of a lease of so many seconds. */
export function isInOrder({ t1 = USUAL_T1, t2 = USUAL_T2 }: RenewalRule, leaseSeconds: number): boolean {
  const rebinding = secondsOf(t2, leaseSeconds);
  return secondsOf(t1, leaseSeconds) < rebinding && rebinding < leaseSeconds;
}
