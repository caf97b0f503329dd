import type { Decision } from '../engine/decision/decision.ts';
import type { Drop } from '../exchange/drops.ts';
import type { DecisionOutcome, Observer } from '../exchange/observer.ts';
import type { ClientKey } from '../lease/client-key.ts';
import type { Message } from '../wire/message.ts';

/** Counts by name. */
export type Tally = Readonly<Record<string, number>>;

export interface CounterValues {
  /** Messages with a final decision, by type. */
  readonly messages: Tally;
  /** Final decisions of messages and orders, by reason. */
  readonly reasons: Tally;
  /** Replies that were handed to the transport, by type. */
  readonly replies: Tally;
  /** Commits of changes, by outcome. */
  readonly outcomes: Tally;
  /** Datagrams and messages that got no decision, and decisions whose reply was not sent, by cause. */
  readonly drops: Tally;
  /** Replies that may have been sent late: the process stood still while it sent them. */
  readonly sentLate: number;
  /** Decisions to wait. */
  readonly waits: number;
  /** Options left out of replies, by code. */
  readonly omitted: Tally;
  readonly mistakes: number;
}

/** Counts everything that the exchange does since the start of the process. The counts are only in memory. */
export class Counters implements Observer {
  readonly #messages = new Map<string, number>();
  readonly #reasons = new Map<string, number>();
  readonly #replies = new Map<string, number>();
  readonly #outcomes = new Map<string, number>();
  readonly #drops = new Map<string, number>();
  readonly #omitted = new Map<string, number>();
  #sentLate = 0;
  #waits = 0;
  #mistakes = 0;

  decided(message: Message, _client: ClientKey, decision: Decision, outcome: DecisionOutcome): void {
    this.#decided(decision, outcome);
    if (!isFinal(decision, outcome)) return;
    add(this.#messages, message.type ?? 'BOOTP');
    if (decision.kind === 'reply' && isDurable(outcome)) add(this.#replies, decision.reply.type);
  }

  ordered(decision: Decision, outcome: DecisionOutcome): void {
    this.#decided(decision, outcome);
  }

  dropped(reason: Drop, count: number): void {
    add(this.#drops, reason, count);
  }

  sentLate(count: number): void {
    this.#sentLate += count;
  }

  omitted(code: number): void {
    add(this.#omitted, String(code));
  }

  broken(): void {
    this.#mistakes += 1;
  }

  values(): CounterValues {
    return {
      messages: Object.fromEntries(this.#messages),
      reasons: Object.fromEntries(this.#reasons),
      replies: Object.fromEntries(this.#replies),
      outcomes: Object.fromEntries(this.#outcomes),
      drops: Object.fromEntries(this.#drops),
      sentLate: this.#sentLate,
      waits: this.#waits,
      omitted: Object.fromEntries(this.#omitted),
      mistakes: this.#mistakes,
    };
  }

  #decided(decision: Decision, outcome: DecisionOutcome): void {
    if (decision.kind === 'wait') this.#waits += 1;
    if (outcome !== 'nothing') add(this.#outcomes, outcome);
    if (!isFinal(decision, outcome)) return;
    add(this.#reasons, decision.reason);
    if (!isDurable(outcome)) add(this.#drops, outcome);
  }
}

/** False if the message is decided again. */
export function isFinal(decision: Decision, outcome: DecisionOutcome): boolean {
  if (decision.kind === 'wait' || outcome === 'conflict') return false;
  return decision.kind !== 'again' || outcome !== 'committed';
}

function isDurable(outcome: DecisionOutcome): boolean {
  return outcome === 'nothing' || outcome === 'committed';
}

function add(tally: Map<string, number>, name: string, count = 1): void {
  tally.set(name, (tally.get(name) ?? 0) + count);
}
