import type { Decision } from '../engine/decision/decision.ts';
import type { Instant } from '../lease/lease.ts';
import type { LeaseChange } from '../lease/lease-view.ts';
import type { Outcome } from '../store/lease-store.ts';
import type { Plan } from '../subnet/plan.ts';
import { Decisions } from './decisions.ts';
import { type Commit, NextCommit } from './next-commit.ts';
import type { Drop } from './observer/drops.ts';
import { type DecisionOutcome, mayLeave, type Observer } from './observer/observer.ts';
import type { ExchangeParts } from './parts/exchange-parts.ts';
import type { Order } from './parts/order.ts';
import { isLeft, type Pending, PendingMessage, PendingOrder } from './pending/pending.ts';
import { PendingQueues } from './pending/pending-queues.ts';
import type { DecisionToWait, FinalDecision, Settled } from './pending/pending-state.ts';
import { advanceRevision } from './pending/read-revision.ts';
import { Replies } from './replies.ts';
import { Reports } from './reports.ts';
import { Waits, type WakeExchange } from './waits.ts';
import { firstPromiseOf, isHeardSince } from './withheld.ts';

/** How often the change of one message may be a conflict or only a step, before the message is dropped. */
const REPEAT_LIMIT = 3;
/** The same for an order, for whose outcome somebody waits: at each conflict another gateway has had what it wanted. */
const ORDER_REPEAT_LIMIT = 12;
/** How long an answer to ARP counts after a conflict: milliseconds. */
const ANSWER_LIFE = 1000;

/**
 * The steps of one message or order: it is decided, waits, has its change committed, is decided again, and ends in a
 * reply or in silence. `PendingState` lists its states. The lease table changes only with a commit: until its outcome
 * the client and the addresses of a change are locked, and whatever concerns them waits and is decided on what was
 * committed.
 */
export class ExchangeSteps {
  plan: Plan;
  readonly #parts: ExchangeParts;
  readonly #observer: Required<Observer>;
  readonly #wake: WakeExchange;
  readonly #queues: PendingQueues;
  readonly #waits: Waits;
  readonly #replies: Replies;
  readonly #reports: Reports;
  readonly #nextCommit: NextCommit;
  readonly #decisions: Decisions;
  #isStopping = false;
  #now: Instant;
  #monotonic: number;

  constructor(parts: ExchangeParts, observer: Required<Observer>, wake: WakeExchange) {
    this.#parts = parts;
    this.#observer = observer;
    this.#wake = wake;
    this.plan = parts.plan;
    this.#reports = new Reports(observer);
    this.#queues = new PendingQueues(
      parts.inFlight,
      (pending, reason) => this.#reportDropped(pending, reason, 'nothing'),
      () => this.#reports.flush(),
    );
    this.#waits = new Waits(parts, this.#queues, this.#reports, wake);
    this.#replies = new Replies(parts.transport, observer, parts.clock, parts.timings);
    this.#nextCommit = new NextCommit(parts.store);
    this.#decisions = new Decisions(parts, this.#queues);
    this.#now = parts.clock.now();
    this.#monotonic = parts.clock.monotonic();
  }

  get isEmpty(): boolean {
    return this.#queues.isEmpty;
  }

  /** True if something that waited can be decided now. */
  get hasReady(): boolean {
    return this.#queues.hasReady(this.#nextCommit.hasRoom);
  }

  get hasCommit(): boolean {
    return !this.#nextCommit.isEmpty;
  }

  get monotonic(): number {
    return this.#monotonic;
  }

  /** One time for all decisions of a round. */
  readClock(): void {
    this.#parts.serverState.beginRound();
    this.#now = this.#parts.clock.now();
    this.#monotonic = this.#parts.clock.monotonic();
    this.#decisions.beginRound(this.#now, this.#monotonic);
  }

  /** A message that was just read: decided at once, or behind the one that keeps its sender busy. */
  begin(message: PendingMessage): void {
    const earlier = this.#queues.busyWith(message.sender);
    if (earlier !== undefined && !isLeft(earlier)) {
      this.#queues.queueBehindSender(message, this.#monotonic);
      return;
    }
    // Its client goes on: it was answered by another gateway, or asks again.
    if (earlier !== undefined) this.#drop(earlier, 'superseded');
    this.#advance(message);
  }

  submit(order: Order): void {
    this.#queues.makeReady(new PendingOrder(order));
    this.#wake('now');
  }

  /** Decides all that waited and can be decided now. */
  decideReady(): void {
    for (;;) {
      const pending = this.#queues.next(this.#nextCommit.hasRoom);
      if (pending === undefined) return;
      if (this.#isStopping) this.#drop(pending, 'stopping');
      else if (pending.isTooOld(this.#monotonic)) this.#drop(pending, 'stale');
      else this.#advance(pending);
    }
  }

  /** Sends the replies of the round, and then tells the observer of its decisions. */
  send(): void {
    this.#reports.flush(this.#replies.flush());
    this.#queues.reuseBuffers();
  }

  /** What is to be committed now, together; not what was decided too long ago by now. */
  takeCommit(): Commit {
    const now = this.#parts.clock.monotonic();
    return this.#nextCommit.take(now, (pending) => this.#drop(pending, 'stale'));
  }

  /** @param outcomes In the order of the commit; one that is missing is unknown. */
  endCommit({ pending }: Commit, outcomes: readonly Outcome[]): void {
    this.#nextCommit.ended();
    if (pending.some((each) => firstPromiseOf(each.committing.decision) !== undefined))
      this.#parts.serverState.readArp();
    let isLate = false;
    for (const [index, each] of pending.entries()) {
      const outcome = outcomes[index] ?? 'unknown';
      const { decidedAt } = each.committing;
      if (outcome === 'committed' && each.isDecisionTooOld(decidedAt, this.#monotonic)) isLate = true;
      this.#endCommitOf(each, outcome);
    }
    // What is stored so late is newer than what was missed meanwhile, and vouches for nothing: its DHCPACK does not leave.
    if (isLate) this.#parts.serverState.noteGap();
  }

  stop(): void {
    this.#isStopping = true;
  }

  clear(): void {
    this.#queues.clear('stopping');
  }

  #advance(pending: Pending): void {
    try {
      pending.beginDecision();
      this.#follow(pending, this.#decisions.decide(pending, this.plan));
    } catch (error) {
      this.#break(pending, error);
    }
  }

  #follow(pending: Pending, decision: Decision): void {
    if (decision.kind === 'wait') this.#wait(pending, decision);
    else if (decision.change !== undefined) this.#queueChange(pending, decision, decision.change);
    else if (decision.reason === 'in-flight' && this.#parts.inFlight.size > 0) {
      if (this.#keep(pending)) this.#queues.waitForAnyLock(pending);
    } else if (decision.reason !== 'pool-full' || !this.#awaitSweep(pending)) {
      this.#finish(pending, pending.settle(decision, 'nothing', this.#monotonic));
    }
  }

  #wait(pending: Pending, decision: DecisionToWait): void {
    if (pending instanceof PendingOrder) throw new Error('an order may not wait');
    const holder = this.#queues.holderOf(decision.address);
    if (!this.#keep(pending)) return;
    if (holder !== undefined) {
      this.#queues.waitForLock(pending, holder);
      return;
    }
    if (!this.#waits.begin(pending, decision, this.#now)) this.#drop(pending, 'no-room');
  }

  /**
   * Queues the change for the next commit. Waits if another message has locked its client or an address. Done at once if the
   * store needs no commit.
   */
  #queueChange(pending: Pending, decision: FinalDecision, change: LeaseChange): void {
    const holder = this.#queues.holderFor(change);
    if (holder !== undefined) {
      if (this.#keep(pending)) this.#queues.waitForLock(pending, holder);
      return;
    }
    const outcome = this.#parts.store.resolveWithoutCommit(change);
    if (outcome !== 'needs-commit') {
      this.#followOutcome(pending, pending.settle(decision, outcome, this.#monotonic), change);
    } else if (this.#nextCommit.hasRoom) {
      this.#queues.beginCommit(pending, decision, change, this.#monotonic);
      this.#nextCommit.add(pending);
    } else if (this.#keep(pending)) this.#queues.waitForCommit(pending);
  }

  /**
   * A pool may look full only because expired leases in it are not freed yet. Once, the message waits for the orders that
   * free them, and then for their commit. False: it has waited, or nothing can be freed.
   */
  #awaitSweep(pending: Pending): boolean {
    if (pending instanceof PendingOrder) return false;
    const { sweeps } = pending.past;
    const isOrdered = sweeps === 0 && this.#parts.makeRoom?.() === true;
    const isUnderWay = sweeps === 1 && this.#parts.inFlight.size > 0;
    if (!isOrdered && !isUnderWay) return false;
    pending.noteSweep();
    if (!this.#queues.keep(pending, this.#monotonic)) return false;
    if (isOrdered) this.#queues.makeReady(pending);
    else this.#queues.waitForAnyLock(pending);
    return true;
  }

  #endCommitOf(pending: Pending, outcome: Outcome): void {
    const { change } = pending.committing;
    try {
      this.#followOutcome(pending, this.#queues.endCommit(pending, outcome), change);
    } catch (error) {
      this.#break(pending, error);
    }
  }

  /** The outcome of a change is known: the message is decided again, or finished. */
  #followOutcome(pending: Pending, settled: Settled, change: LeaseChange): void {
    const { decision, outcome } = settled;
    if (outcome === 'committed' && pending instanceof PendingMessage) {
      const { leases } = this.#parts.store;
      const next = this.#queues.nextOf(pending);
      advanceRevision(pending, change, leases);
      if (next !== undefined) advanceRevision(next, change, leases);
      if (isHeardSince(this.#parts.serverState, pending, settled)) {
        pending.noteWithheld();
        this.#decideAgain(pending, { kind: 'again', reason: decision.reason, change }, outcome);
        return;
      }
    }
    const isStep = outcome === 'committed' && decision.kind === 'again';
    if (outcome === 'conflict' || isStep) this.#decideAgain(pending, decision, outcome);
    else this.#finish(pending, settled);
  }

  #decideAgain(pending: Pending, decision: Decision, outcome: Outcome): void {
    this.#reports.add(pending, decision, outcome);
    // A slow commit that conflicts: others have written meanwhile, and whoever they wrote of may answer by now.
    if (outcome === 'conflict' && pending instanceof PendingMessage)
      if (this.#monotonic - pending.past.answeredAt > ANSWER_LIFE) pending.forgetAnswers();
    const limit = pending instanceof PendingOrder ? ORDER_REPEAT_LIMIT : REPEAT_LIMIT;
    if (pending.repeats < limit) this.#queues.decideAgain(pending);
    else this.#drop(pending, 'conflict-limit', outcome);
  }

  /** Ends it with a reply, or in silence; in silence too if a reply's change is not durable. */
  #finish(pending: Pending, { decision, outcome, decidedAt }: Settled): void {
    if (decision.kind === 'reply' && mayLeave(outcome)) {
      const readAt = pending instanceof PendingMessage ? pending.readAt : decidedAt;
      this.#replies.add(decision.reply, decision.destination, decidedAt, readAt);
      if (decision.quietOffer !== undefined) this.#parts.serverState.noteQuietOffer(decision.quietOffer);
      if (decision.reason === 'offered-unheld' && pending instanceof PendingMessage)
        this.#decisions.noteUnheldOffer(decision.reply.yiaddr, pending.client);
    }
    const isDecline = decision.reason === 'declined' || decision.reason === 'too-many-declines';
    if (isDecline && pending instanceof PendingMessage)
      this.#parts.serverState.noteDecline(pending.message.hardware);
    this.#reports.add(pending, decision, outcome);
    this.#queues.end(pending);
    if (pending instanceof PendingOrder) pending.done(outcome);
  }

  #keep(pending: Pending): boolean {
    if (this.#queues.keep(pending, this.#monotonic)) return true;
    this.#drop(pending, 'no-room');
    return false;
  }

  /** Our own mistake costs one message, not the server. */
  #break(pending: Pending, error: unknown): void {
    this.#observer.broken(error);
    this.#drop(pending, 'broken');
  }

  #drop(pending: Pending, reason: Drop, outcome: DecisionOutcome = 'nothing'): void {
    if (pending.state.name !== 'over') this.#queues.end(pending);
    this.#reportDropped(pending, reason, outcome);
  }

  #reportDropped(pending: Pending, reason: Drop, outcome: DecisionOutcome): void {
    this.#observer.dropped(reason, 1);
    if (pending instanceof PendingOrder) pending.done(outcome);
  }
}
