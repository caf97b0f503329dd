import type { Decision } from '../../engine/decision/decision.ts';
import type { LeaseChange } from '../../lease/lease-view.ts';
import type { Ipv4 } from '../../net/ipv4.ts';
import type { DecisionOutcome } from '../observer/observer.ts';

/** Where a message or an order stands on its way. What is true in one state only is a field of that state. */
export type PendingState =
  /** It was read or submitted just now. */
  | { readonly name: 'arrived' }
  /** An older message of the same sender is not over yet. */
  | { readonly name: 'behind-sender' }
  /** In the queue of what can be decided. */
  | { readonly name: 'ready' }
  | { readonly name: 'deciding' }
  /** Another one has locked its client or an address of its change. */
  | { readonly name: 'behind-lock' }
  /** It found no address while some were locked; the next one that is unlocked may be for it. */
  | { readonly name: 'behind-any-lock' }
  /** No commit has room for its change. */
  | { readonly name: 'behind-commits' }
  | Waiting
  | Committing
  | Settled
  /** It was answered, met silence or was dropped. */
  | { readonly name: 'over' };

export type StateName = PendingState['name'];

/** RFC 2131 §2.2: the segment is asked for an address by ARP ('probing'), or time passes ('pausing'). */
export interface Waiting {
  readonly name: 'probing' | 'pausing';
  /** It is locked. */
  readonly address: Ipv4;
  cancel: () => void;
}

/** Its change is in the next commit or in one under way. The change's client and addresses are locked. */
export interface Committing {
  readonly name: 'committing';
  readonly decision: FinalDecision;
  readonly change: LeaseChange;
  /** Monotonic milliseconds. */
  readonly decidedAt: number;
}

/** The outcome of its decision is known. The next step replies, ends it, or decides it again. */
export interface Settled {
  readonly name: 'settled';
  readonly decision: FinalDecision;
  readonly outcome: DecisionOutcome;
  /** Monotonic milliseconds. */
  readonly decidedAt: number;
}

/** With or without a change. */
export type FinalDecision = Exclude<Decision, { kind: 'wait' }>;
export type DecisionToWait = Extract<Decision, { kind: 'wait' }>;

export interface Transition {
  readonly from: readonly StateName[];
  readonly to: StateName;
}

/** What can happen to a message or an order: in which states, and to which one it leads. */
export const TRANSITIONS = {
  queueBehindSender: { from: ['arrived'], to: 'behind-sender' },
  makeReady: {
    from: ['arrived', 'behind-sender', 'deciding', 'behind-lock', 'behind-any-lock', 'settled'],
    to: 'ready',
  },
  beginDecision: { from: ['arrived', 'ready', 'behind-commits'], to: 'deciding' },
  waitForLock: { from: ['deciding'], to: 'behind-lock' },
  waitForAnyLock: { from: ['deciding'], to: 'behind-any-lock' },
  waitForCommit: { from: ['deciding'], to: 'behind-commits' },
  probe: { from: ['deciding'], to: 'probing' },
  pause: { from: ['deciding'], to: 'pausing' },
  endWait: { from: ['probing', 'pausing'], to: 'ready' },
  beginCommit: { from: ['deciding'], to: 'committing' },
  endCommit: { from: ['committing'], to: 'settled' },
  /** Without a commit. */
  settle: { from: ['deciding'], to: 'settled' },
  /** With a reply or silence; or it is dropped. */
  end: {
    from: [
      'arrived',
      'behind-sender',
      'ready',
      'deciding',
      'behind-lock',
      'behind-any-lock',
      'behind-commits',
      'probing',
      'pausing',
      'committing',
      'settled',
    ],
    to: 'over',
  },
} as const satisfies Readonly<Record<string, Transition>>;

export type TransitionName = keyof typeof TRANSITIONS;

/** True for the states in which a client or addresses are locked. */
export function isLocking(state: PendingState): state is Waiting | Committing {
  return state.name === 'committing' || state.name === 'probing' || state.name === 'pausing';
}
