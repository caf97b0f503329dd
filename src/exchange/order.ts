import type { Decision } from '../engine/decision.ts';
import type { Instant } from '../lease/lease.ts';
import type { LeaseView } from '../lease/lease-view.ts';
import type { Plan } from '../subnet/plan.ts';
import type { DecisionOutcome } from './observer.ts';

/** A write from inside: expiry, management. It takes the same way as a datagram, behind the same client. */
export interface Order {
  /** Pure, and perhaps called again: after a conflict, or behind what is on its way. It may reply nothing and wait for nothing. */
  decide(now: Instant, leases: LeaseView, plan: Plan): Decision;
  /** Called once. 'nothing': there was nothing to write, or the server stops. */
  done(outcome: DecisionOutcome): void;
}
