import type { Decision } from '../../engine/decision/decision.ts';
import type { Instant } from '../../lease/lease.ts';
import type { LeaseView } from '../../lease/lease-view.ts';
import type { Plan } from '../../subnet/plan.ts';
import type { DecisionOutcome } from '../observer/observer.ts';

/** A write that no client has asked for: by the sweep, or by an operator. It waits and is committed like a message's. */
export interface Order {
  /**
   * Pure. It is called again after a conflict, and when others had locked what the order is about. It returns neither a
   * reply nor a wait.
   */
  decide(now: Instant, leases: LeaseView, plan: Plan): Decision;
  /** Called once. 'nothing': nothing was written, since there was nothing to write, or the order was dropped. */
  done(outcome: DecisionOutcome): void;
}
