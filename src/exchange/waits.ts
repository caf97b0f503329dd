import type { Instant } from '../lease/lease.ts';
import type { ExchangeParts, ProbeDone } from './parts/exchange-parts.ts';
import type { PendingMessage } from './pending/pending.ts';
import type { PendingQueues } from './pending/pending-queues.ts';
import type { DecisionToWait } from './pending/pending-state.ts';
import type { Reports } from './reports.ts';

/**
 * Called when something has become ready, perhaps outside a round. 'after-reading': what has come meanwhile is read before
 * anything is decided.
 */
export type WakeExchange = (when: 'now' | 'after-reading') => void;

/** Waits of one message; more is a mistake of the engine. */
export const WAIT_LIMIT = 12;

/**
 * Messages that wait. RFC 2131 §2.2: ARP is asked for an address, or time passes. Sender and address stay in flight; no
 * commit is delayed.
 */
export class Waits {
  readonly #parts: Pick<ExchangeParts, 'clock' | 'prober'>;
  readonly #queues: PendingQueues;
  readonly #reports: Reports;
  readonly #wake: WakeExchange;

  constructor(
    parts: Pick<ExchangeParts, 'clock' | 'prober'>,
    queues: PendingQueues,
    reports: Reports,
    wake: WakeExchange,
  ) {
    this.#parts = parts;
    this.#queues = queues;
    this.#reports = reports;
    this.#wake = wake;
  }

  /**
   * Lets a kept message wait; nobody may have locked the address. False: too much is being asked already.
   *
   * @throws if the message has waited too often.
   */
  begin(message: PendingMessage, decision: DecisionToWait, now: Instant): boolean {
    const { address, until, probe, reason, leftTo } = decision;
    if (message.past.waits >= WAIT_LIMIT) throw new Error(`no end of waiting: ${reason}`);
    this.#reports.add(message, decision, 'nothing');
    const waiting = this.#queues.beginWait(message, probe ? 'probing' : 'pausing', address);
    const { clock, prober } = this.#parts;
    const planned = Math.max(0, until - now);
    const begun = clock.monotonic();
    const end: ProbeDone = (answer, weak) => {
      const endedAt = clock.monotonic();
      const took = Math.min(endedAt - begun, planned);
      this.#queues.endWait(message, { answer, weak, endedAt, took, leftTo });
      this.#wake(probe ? 'now' : 'after-reading');
    };
    const cancel = probe
      ? prober.probe(address, message.message.hardware, planned, end)
      : clock.after(planned, () => end(undefined));
    if (cancel === 'too-many') return false;
    waiting.cancel = cancel;
    return true;
  }
}
