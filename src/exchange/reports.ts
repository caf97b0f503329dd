import type { Decision } from '../engine/decision.ts';
import type { Outcome } from '../store/lease-store.ts';
import type { Observer } from './observer.ts';
import type { Turn } from './turn.ts';

/** Tells the observer what became of each message and order. */
export class Reports {
  readonly #observer: Observer;
  /** Over, and not told yet; their messages stay until the round ends. */
  #concluded: Turn[] = [];

  constructor(observer: Observer) {
    this.#observer = observer;
  }

  /** At once, but after all that was before it. */
  tell(turn: Turn, decision: Decision, outcome: Outcome | undefined): void {
    this.flush();
    this.#tell(turn, decision, outcome);
  }

  /** The last decision about a turn: told when the replies have left, so that no client waits for a line of the log. */
  conclude(turn: Turn, outcome: Outcome | undefined): void {
    turn.outcome = outcome;
    this.#concluded.push(turn);
    if (turn.slot >= 0) this.flush(); // Its message goes with its slot.
  }

  /** The replies of the round have left. */
  flush(): void {
    if (this.#concluded.length === 0) return;
    const concluded = this.#concluded;
    this.#concluded = [];
    for (const turn of concluded) {
      try {
        if (turn.decision !== undefined) this.#tell(turn, turn.decision, turn.outcome);
      } catch (error) {
        this.#observer.broken(error);
      }
      turn.release();
    }
  }

  #tell(turn: Turn, decision: Decision, outcome: Outcome | undefined): void {
    if (turn.message === undefined || turn.client === undefined) this.#observer.ordered(decision, outcome);
    else this.#observer.decided(turn.message, turn.client, decision, outcome);
  }
}
