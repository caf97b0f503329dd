import type { Decision } from '../engine/decision.ts';
import type { ClientKey } from '../lease/client-key.ts';
import type { Message } from '../wire/message.ts';
import type { DecisionOutcome, Observer } from './observer.ts';
import { type Pending, PendingMessage } from './pending.ts';

/** Decisions that are kept at most before they are reported. */
const REPORT_LIMIT = 1024;

/** A decision, and what became of its change. `from`: whose message it is about, or an order. */
interface Report {
  readonly from: { readonly message: Message; readonly client: ClientKey } | 'order';
  readonly decision: Decision;
  readonly outcome: DecisionOutcome;
}

/**
 * Tells the observer of every decision, in their order, once a round when the replies have left: no client waits for
 * what an observer does.
 */
export class Reports {
  readonly #observer: Observer;
  #reports: Report[] = [];

  constructor(observer: Observer) {
    this.#observer = observer;
  }

  /** The message's bytes must stay until the next `flush`. */
  add(pending: Pending, decision: Decision, outcome: DecisionOutcome): void {
    const from = pending instanceof PendingMessage ? pending : undefined;
    this.#reports.push({
      from: from === undefined ? 'order' : { message: from.message, client: from.client },
      decision,
      outcome,
    });
    if (this.#reports.length >= REPORT_LIMIT) this.flush();
  }

  flush(): void {
    if (this.#reports.length === 0) return;
    const reports = this.#reports;
    this.#reports = [];
    for (const { from, decision, outcome } of reports)
      if (from === 'order') this.#observer.ordered(decision, outcome);
      else this.#observer.decided(from.message, from.client, decision, outcome);
  }
}
