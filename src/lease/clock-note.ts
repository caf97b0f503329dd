import type { Instant, Version } from './lease.ts';

/**
 * jumped: by more than a minute, while a process saw it or between two. behind: before what is stored. early: before
 * this program was made.
 */
export const DOUBT_CAUSES = ['jumped', 'behind', 'early'] as const;
export type DoubtCause = (typeof DOUBT_CAUSES)[number];

/** steadiness: it has not jumped for the longest lease time. peer: the clock of a gateway that shares the leases agrees. */
export const EXPLANATIONS = ['steadiness', 'operator', 'peer'] as const;
export type Explanation = (typeof EXPLANATIONS)[number];

/** The last jump of the wall clock, as far as leases from before it may still run. */
export interface ClockJump {
  readonly cause: DoubtCause;
  /** What the clock said after it. */
  readonly at: Instant;
  /** How far it jumped, or is behind; below 0: backwards. */
  readonly milliseconds: number;
  /** For so long the clock has not jumped since, as far as that is proven: milliseconds. */
  readonly steadyFor: number;
  /** The longest lease time that was in force since: seconds. */
  readonly longestLease: number;
  /** Undefined: the clock is in doubt. */
  readonly explainedBy: Explanation | undefined;
}

/** An operator's word that ended a doubt, for the history: its row's time and reason. */
export interface ClockOrder {
  readonly at: Instant;
  readonly reason: string;
}

/** What a gateway keeps of its clock for its next process. */
export interface ClockNote {
  /** The machine's boot, and its monotonic clock, which goes on through all processes of that boot: milliseconds. */
  readonly boot: string;
  readonly monotonic: number;
  /** What the wall clock said then. */
  readonly wall: Instant;
  /** The newest change that was stored then. */
  readonly revision: Version;
  readonly jump: ClockJump | undefined;
  /** Since the note before; each gets a row of the history. They are not kept with the note. */
  readonly orders?: readonly ClockOrder[];
}

/** The running boot of the machine. */
export interface MachineBoot {
  readonly id: string;
  /** Its monotonic clock less the process's own: milliseconds. */
  readonly offset: number;
}
