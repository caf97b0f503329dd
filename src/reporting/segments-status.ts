import type { Verdict } from '../diagnosis/running-problem.ts';
import type { Status } from './status.ts';

/** The state of one of several segments. */
export interface SegmentStatus extends Status {
  readonly segment: string;
}

/** The state of a process that serves a list of segments. */
export interface SegmentsStatus {
  /** The worst of them: a new guest on each segment would get an address, or on one it would not. */
  readonly verdict: Verdict;
  readonly segments: readonly SegmentStatus[];
}

/** From the worst to the best. */
const ORDER: readonly Verdict[] = ['not-served', 'pool-full', 'served'];

export function worstVerdict(verdicts: readonly Verdict[]): Verdict {
  return ORDER.find((verdict) => verdicts.includes(verdict)) ?? 'not-served';
}

/** True for the answer of a process that serves a list of segments. */
export function isOfSeveral(status: Status | SegmentsStatus): status is SegmentsStatus {
  return 'segments' in status;
}
