import type { RunningProblem } from '../diagnosis/running-problem.ts';
import type { DoubtCause, Explanation } from '../lease/clock-note.ts';
import { EARLIEST } from '../lease/lease-end.ts';
import type { TimeGuard } from './time-guard.ts';

/** The state of the clock, for operators. Times are ISO 8601, UTC. */
export interface ClockStatus {
  /** False: the clock is in doubt. */
  readonly trusted: boolean;
  readonly now: string;
  /** The last jump, while leases from before it may still run; null: none. */
  readonly jump: {
    readonly cause: DoubtCause;
    /** The time that the clock showed after the jump. */
    readonly at: string;
    /** Negative: backwards. */
    readonly seconds: number;
    /** How long the clock has been steady since, as far as that is proven. */
    readonly steadySeconds: number;
    /** What has ended the doubt; null: nothing so far. */
    readonly explainedBy: Explanation | null;
  } | null;
  /** When the doubt ends by itself if the clock stays steady; null: there is no doubt, or it does not end by itself. */
  readonly endsInSeconds: number | null;
  /** What this means for leases. */
  readonly meaning: string;
  /** What the operator can do; null: nothing is needed. */
  readonly remedy: string | null;
}

const IN_DOUBT =
  'what has run out by this clock is given to nobody else, and nothing is ended; new leases are given and renewals go on';
const STEADY = 'leases end by this clock';
const EXPLAINED =
  'leases end by this clock; those from before the jump that have not been renewed since are kept for their whole length from the jump on';

const TRUST = 'if the time is right now, run `vps-gateway clock trust`; else set it (NTP), then run that';
const SET_IT = 'set the time (NTP): until then nothing ends the doubt';

export function clockStatusOf(guard: TimeGuard, now: number): ClockStatus {
  const trusted = guard.trustsClock;
  const { jump } = guard;
  const isEarly = now < EARLIEST;
  const left = jump === undefined ? 0 : Math.max(0, guard.steadyEnoughFor - jump.steadyFor);
  return {
    trusted,
    now: isoOf(now),
    jump:
      jump === undefined
        ? null
        : {
            cause: jump.cause,
            at: isoOf(jump.at),
            seconds: Math.round(jump.milliseconds / 1000),
            steadySeconds: Math.floor(jump.steadyFor / 1000),
            explainedBy: jump.explainedBy ?? null,
          },
    endsInSeconds: trusted || isEarly ? null : Math.ceil(left / 1000),
    meaning: trusted ? (jump === undefined ? STEADY : EXPLAINED) : IN_DOUBT,
    remedy: trusted ? null : isEarly ? SET_IT : TRUST,
  };
}

/** The doubt in one sentence, for a list of problems. */
export function doubtOf({ jump }: ClockStatus): string {
  return jump === null ? 'the clock is in doubt' : `the clock is in doubt: ${sentenceOf(jump)}`;
}

/** Why the clock is in doubt: `it jumped by 12 days forward, to 2026-11-28T05:00:00Z`. */
export function sentenceOf({ cause, at, seconds }: NonNullable<ClockStatus['jump']>): string {
  switch (cause) {
    case 'jumped':
      return `it jumped by ${spanText(seconds)} ${seconds < 0 ? 'back' : 'forward'}, to ${at}`;
    case 'behind':
      return `it said ${at}, ${spanText(seconds)} before what was stored last`;
    case 'early':
      return `it said ${at}, which is before this program was made`;
  }
}

const UNITS: readonly (readonly [name: string, seconds: number])[] = [
  ['years', 365.25 * 86_400],
  ['days', 86_400],
  ['hours', 3600],
  ['minutes', 60],
];

/** In the largest unit that gives at least 2: `56.9 years`, `36 hours`, `90 s`. */
export function spanText(seconds: number): string {
  const span = Math.abs(seconds);
  const unit = UNITS.find(([, each]) => span >= 2 * each);
  return unit === undefined
    ? `${Math.round(span)} s`
    : `${Math.round((span / unit[1]) * 10) / 10} ${unit[0]}`;
}

function isoOf(instant: number): string {
  return new Date(instant).toISOString().replace(/\.\d+/, '');
}

/** @param hasRoom True if an address is free that nobody has had: new guests get it even while the clock is in doubt. */
export function clockProblem(clock: ClockStatus, hasRoom: boolean): RunningProblem {
  const effect = hasRoom ? '' : '; nothing else is free, and what has run out is given to nobody';
  return {
    name: 'clock',
    message: `${doubtOf(clock)}${effect}`,
    remedy: clock.remedy ?? '',
    stopsNewGuests: !hasRoom,
  };
}
