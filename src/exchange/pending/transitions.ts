import type { LeaseChange } from '../../lease/lease-view.ts';
import type { Ipv4 } from '../../net/ipv4.ts';
import type { Outcome } from '../../store/lease-store.ts';
import type { DecisionOutcome } from '../observer/observer.ts';
import {
  type Committing,
  type FinalDecision,
  type PendingState,
  type Settled,
  TRANSITIONS,
  type Transition,
  type Waiting,
} from './pending-state.ts';

const ARRIVED: PendingState = { name: 'arrived' };
const BEHIND_SENDER: PendingState = { name: 'behind-sender' };
const READY: PendingState = { name: 'ready' };
const DECIDING: PendingState = { name: 'deciding' };
const BEHIND_LOCK: PendingState = { name: 'behind-lock' };
const BEHIND_ANY_LOCK: PendingState = { name: 'behind-any-lock' };
const BEHIND_COMMITS: PendingState = { name: 'behind-commits' };
const OVER: PendingState = { name: 'over' };

/**
 * The states of one message or order. Each method is one of `TRANSITIONS`, and throws in a state in which that cannot
 * happen: a mistake of this program, which costs that message.
 */
export abstract class Transitions {
  #state = ARRIVED;
  /** Decisions whose change was a conflict, or was only a step. */
  #repeats = 0;

  get state(): PendingState {
    return this.#state;
  }

  get repeats(): number {
    return this.#repeats;
  }

  /** @throws if it is not in a commit. */
  get committing(): Committing {
    if (this.#state.name !== 'committing') throw new Error(`${this.#state.name}, not committing`);
    return this.#state;
  }

  queueBehindSender(): void {
    this.#enter(TRANSITIONS.queueBehindSender, BEHIND_SENDER);
  }

  makeReady(): void {
    if (this.#state.name === 'settled') this.#repeats += 1;
    this.#enter(TRANSITIONS.makeReady, READY);
  }

  beginDecision(): void {
    this.#enter(TRANSITIONS.beginDecision, DECIDING);
  }

  waitForLock(): void {
    this.#enter(TRANSITIONS.waitForLock, BEHIND_LOCK);
  }

  waitForAnyLock(): void {
    this.#enter(TRANSITIONS.waitForAnyLock, BEHIND_ANY_LOCK);
  }

  waitForCommit(): void {
    this.#enter(TRANSITIONS.waitForCommit, BEHIND_COMMITS);
  }

  probe(address: Ipv4): Waiting {
    return this.#wait(TRANSITIONS.probe, { name: 'probing', address, cancel: () => {} });
  }

  pause(address: Ipv4): Waiting {
    return this.#wait(TRANSITIONS.pause, { name: 'pausing', address, cancel: () => {} });
  }

  /** Returns the state that it leaves. */
  endWait(): Waiting {
    const state = this.#state;
    this.#enter(TRANSITIONS.endWait, READY);
    return state as Waiting;
  }

  beginCommit(decision: FinalDecision, change: LeaseChange, decidedAt: number): void {
    this.#enter(TRANSITIONS.beginCommit, { name: 'committing', decision, change, decidedAt });
  }

  endCommit(outcome: Outcome): Settled {
    const { decision, decidedAt } = this.committing;
    const settled: Settled = { name: 'settled', decision, outcome, decidedAt };
    this.#enter(TRANSITIONS.endCommit, settled);
    return settled;
  }

  settle(decision: FinalDecision, outcome: DecisionOutcome, decidedAt: number): Settled {
    const settled: Settled = { name: 'settled', decision, outcome, decidedAt };
    this.#enter(TRANSITIONS.settle, settled);
    return settled;
  }

  end(): void {
    this.#enter(TRANSITIONS.end, OVER);
  }

  #wait(transition: Transition, waiting: Waiting): Waiting {
    this.#enter(transition, waiting);
    return waiting;
  }

  #enter({ from, to }: Transition, next: PendingState): void {
    if (!from.includes(this.#state.name)) throw new Error(`from ${this.#state.name} to ${to}`);
    this.#state = next;
  }
}
