import type { Decision } from '../engine/decision.ts';
import type { ClientKey } from '../lease/client-key.ts';
import type { Outcome } from '../store/lease-store.ts';
import type { Message } from '../wire/message.ts';
import type { DroppedFrom } from './dropped-from.ts';
import type { Drop } from './drops.ts';

/** Sees all that the exchange does. */
export interface Observer {
  /**
   * One decision, and what became of its change; undefined: it had none. A reply has left only if that is undefined
   * or 'committed'. A wait, an 'again' and a conflict are decided anew, which is seen too.
   */
  decided(message: Message, client: ClientKey, decision: Decision, outcome: Outcome | undefined): void;
  /** The same for an order from inside. */
  ordered(decision: Decision, outcome: Outcome | undefined): void;
  /** `from`: whose datagram it was, if it is dropped for what it holds. */
  dropped(reason: Drop, count: number, from?: DroppedFrom): void;
  /** Replies of which nobody can say when they left, for this gateway stood still for so long while it sent them. */
  sentLate(count: number, milliseconds: number): void;
  /** An option was left out of a reply, as it did not fit. */
  omitted(code: number): void;
  /** Our own mistake, met at one message; the server goes on. */
  broken(error: unknown): void;
}

/** Several observers as one. */
export function observers(...all: readonly Observer[]): Observer {
  return {
    decided(message, client, decision, outcome) {
      for (const one of all) one.decided(message, client, decision, outcome);
    },
    ordered(decision, outcome) {
      for (const one of all) one.ordered(decision, outcome);
    },
    dropped(reason, count, from) {
      for (const one of all) one.dropped(reason, count, from);
    },
    sentLate(count, milliseconds) {
      for (const one of all) one.sentLate(count, milliseconds);
    },
    omitted(code) {
      for (const one of all) one.omitted(code);
    },
    broken(error) {
      for (const one of all) one.broken(error);
    },
  };
}
