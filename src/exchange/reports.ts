import type { Decision } from '../engine/decision/decision.ts';
import type { ClientKey } from '../lease/client-key.ts';
import type { Message } from '../wire/message.ts';
import { type DecisionOutcome, mayLeave, type Observer } from './observer/observer.ts';
import { type Pending, PendingMessage } from './pending/pending.ts';

/** Decisions that are kept at most before they are reported. */
const REPORT_LIMIT = 1024;

type Report = {
  readonly decision: Decision;
  readonly outcome: DecisionOutcome;
} & (
  | { readonly message: Message; readonly client: ClientKey; readonly readAt: number }
  | { readonly message: 'order' }
);

/**
 * Tells the observer of every decision, in their order, once a round when the replies have left: no client waits for
 * what an observer does.
 */
export class Reports {
  readonly #observer: Required<Observer>;
  #reports: Report[] = [];

  constructor(observer: Required<Observer>) {
    this.#observer = observer;
  }

  /** The message's bytes must stay until the next `flush`. */
  add(pending: Pending, decision: Decision, outcome: DecisionOutcome): void {
    if (pending instanceof PendingMessage) {
      const { message, client, readAt } = pending;
      this.#reports.push({ message, client, readAt, decision, outcome });
    } else this.#reports.push({ message: 'order', decision, outcome });
    if (this.#reports.length >= REPORT_LIMIT) this.flush();
  }

  /** @param leftAt When the replies of the round have left: monotonic milliseconds; undefined: they have not, or there are none. */
  flush(leftAt?: number): void {
    if (this.#reports.length === 0) return;
    const reports = this.#reports;
    this.#reports = [];
    for (const report of reports) {
      const { decision, outcome } = report;
      if (report.message === 'order') this.#observer.ordered(decision, outcome);
      else {
        const { message, client, readAt } = report;
        const hasLeft = leftAt !== undefined && decision.kind === 'reply' && mayLeave(outcome);
        this.#observer.decided(message, client, decision, outcome, hasLeft ? leftAt - readAt : Number.NaN);
      }
    }
  }
}
