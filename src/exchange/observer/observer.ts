import type { Decision } from '../../engine/decision/decision.ts';
import type { ClientKey } from '../../lease/client-key.ts';
import type { Outcome } from '../../store/lease-store.ts';
import type { Message } from '../../wire/message.ts';
import type { DroppedFrom } from './dropped-from.ts';
import type { Drop } from './drops.ts';

/** What became of a decision's change; 'nothing': it has none. */
export type DecisionOutcome = Outcome | 'nothing';

/** True if a reply may leave: its change is committed, or the decision has no change ('nothing'). */
export function mayLeave(outcome: DecisionOutcome): boolean {
  return outcome === 'nothing' || outcome === 'committed';
}

/**
 * Sees what the exchange does: each method is told of one kind of event, and is absent where that is of no interest. Decisions are
 * told once a round, in their order, when the replies of the round have left. All of it runs on the packets' thread and must
 * return soon: whatever takes longer (a socket, another thread) reads from an `EventRing`. What an observer throws is caught;
 * see `observers`.
 */
export interface Observer {
  /**
   * One decision, and what became of its change. A reply has left only if that is 'nothing' or 'committed'. A wait, an
   * 'again' and a conflict are reported, and later the new decision too. Do not keep the message after this returns.
   *
   * `took`: milliseconds from the reading of the message until the replies of the round had left; NaN: it has no reply, or that
   * is not known.
   */
  decided?(
    message: Message,
    client: ClientKey,
    decision: Decision,
    outcome: DecisionOutcome,
    took: number,
  ): void;
  /** The same for an order, which no client has sent. */
  ordered?(decision: Decision, outcome: DecisionOutcome): void;
  /** `from`: who sent the datagram, if it is dropped because of its content. */
  dropped?(reason: Drop, count: number, from?: DroppedFrom): void;
  /** Replies that may have left late: sending them took so many milliseconds, because this gateway stood still. */
  sentLate?(count: number, milliseconds: number): void;
  /** An option was left out of a reply because it did not fit. */
  omitted?(code: number): void;
  /** A mistake of this program, met at one message or in an observer; the server goes on. */
  broken?(error: unknown): void;
}

/**
 * Several observers as one that never throws. What one of them throws is told to all of them as `broken`; the others miss
 * nothing, and it sees the next event.
 */
export function observers(...all: readonly Observer[]): Required<Observer> {
  const [only] = all;
  return all.length === 1 && only instanceof Observers ? only : new Observers(all);
}

type DecisionObserver = Required<Pick<Observer, 'decided'>>;

class Observers implements Required<Observer> {
  readonly #all: readonly Observer[];
  /** Those that want decisions, which are told most often. */
  readonly #deciding: readonly DecisionObserver[];

  /** Those that are several themselves are told one by one. */
  constructor(all: readonly Observer[]) {
    this.#all = all.flatMap((one) => (one instanceof Observers ? one.#all : [one]));
    this.#deciding = this.#all.filter(seesDecisions);
  }

  decided(
    message: Message,
    client: ClientKey,
    decision: Decision,
    outcome: DecisionOutcome,
    took: number,
  ): void {
    for (const one of this.#deciding)
      try {
        one.decided(message, client, decision, outcome, took);
      } catch (error) {
        this.broken(error);
      }
  }

  ordered(decision: Decision, outcome: DecisionOutcome): void {
    this.#tell((one) => one.ordered?.(decision, outcome));
  }

  dropped(reason: Drop, count: number, from?: DroppedFrom): void {
    this.#tell((one) => one.dropped?.(reason, count, from));
  }

  sentLate(count: number, milliseconds: number): void {
    this.#tell((one) => one.sentLate?.(count, milliseconds));
  }

  omitted(code: number): void {
    this.#tell((one) => one.omitted?.(code));
  }

  broken(error: unknown): void {
    for (const one of this.#all)
      try {
        one.broken?.(error);
      } catch {
        // Nobody is left to be told.
      }
  }

  /** For what is rarer than a decision, which goes without a closure. */
  #tell(event: (observer: Observer) => void): void {
    for (const one of this.#all)
      try {
        event(one);
      } catch (error) {
        this.broken(error);
      }
  }
}

function seesDecisions(one: Observer): one is DecisionObserver {
  return one.decided !== undefined;
}
