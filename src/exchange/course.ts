import type { Decision } from '../engine/decision.ts';
import type { Instant } from '../lease/lease.ts';
import type { LeaseChange } from '../lease/lease-view.ts';
import { type HardwareAddress, NO_HARDWARE } from '../net/hardware-address.ts';
import type { Outcome } from '../store/lease-store.ts';
import type { Plan } from '../subnet/plan.ts';
import { contextFor, emptyContext, type MutableContext } from './decision-context.ts';
import type { Drop } from './drops.ts';
import type { ExchangeParts } from './exchange-parts.ts';
import type { Order } from './order.ts';
import { Replies } from './replies.ts';
import { Reports } from './reports.ts';
import { moveStamps } from './stamp.ts';
import { Turn } from './turn.ts';
import { Waiting } from './waiting.ts';

/** How often a change of one message may be refused or only be a step, before the message is dropped. */
const ATTEMPT_LIMIT = 4;
/** After a conflict an answer to ARP counts for so long: milliseconds. */
const ANSWER_LIFE = 1000;
/** Waits of one message; more is a mistake of the engine. */
export const WAIT_LIMIT = 12;

/**
 * What becomes of one message or order: it is decided, waits, has its change gathered for the next commit, is decided
 * again, and ends in a reply or in silence. Memory moves only with a commit: until its outcome the client and all
 * addresses of a change are in flight, and what concerns them waits and is decided on the committed truth.
 */
export class Course {
  plan: Plan;
  readonly #parts: ExchangeParts;
  readonly #wake: () => void;
  readonly #waiting: Waiting;
  readonly #replies: Replies;
  readonly #reports: Reports;
  readonly #context: MutableContext;
  #gathered: Turn[] = [];
  #commits = 0;
  #isStopping = false;
  #now: Instant;
  #monotonic: number;

  /** `wake` is called when something has become ready, perhaps outside a round. */
  constructor(parts: ExchangeParts, wake: () => void) {
    this.#parts = parts;
    this.#wake = wake;
    this.plan = parts.plan;
    this.#waiting = new Waiting(parts.inFlight, (turn, reason) => this.#forget(turn, reason, 'nothing'));
    this.#replies = new Replies(parts.transport, parts.observer, parts.clock);
    this.#reports = new Reports(parts.observer);
    this.#context = emptyContext();
    this.#context.mayBeOver = (lease) => parts.serverState.mayBeOver(lease);
    this.#context.sightingAt = (address) => parts.serverState.sightingAt(address);
    this.#now = parts.clock.now();
    this.#monotonic = parts.clock.monotonic();
  }

  get isEmpty(): boolean {
    return this.#waiting.isEmpty;
  }

  get hasGathered(): boolean {
    return this.#gathered.length > 0;
  }

  get monotonic(): number {
    return this.#monotonic;
  }

  /** One time for all decisions of a round. */
  readClock(): void {
    this.#now = this.#parts.clock.now();
    this.#monotonic = this.#parts.clock.monotonic();
    this.#context.trustsClock = this.#parts.serverState.trustsClock;
  }

  /** A datagram that was just read: decided at once, or behind the turn that keeps its machine in flight. */
  admit(turn: Turn): void {
    const { sender } = turn;
    if (sender !== undefined && this.#waiting.isInFlight(sender)) {
      this.#waiting.queue(turn, sender, this.#monotonic);
    } else this.#advance(turn);
  }

  order(order: Order): void {
    this.#waiting.makeReady(new Turn(undefined, undefined, undefined, 0, this.#monotonic, order));
    this.#wake();
  }

  /** Decides all that can be decided now and waited for something. */
  decideReady(): void {
    for (;;) {
      const turn = this.#waiting.next(this.#hasRoom());
      if (turn === undefined) return;
      if (this.#isStopping) this.#drop(turn, 'stopping');
      else if (turn.isStale(turn.since, this.#monotonic)) this.#drop(turn, 'stale');
      else this.#advance(turn);
    }
  }

  send(): void {
    this.#replies.flush();
    this.#reports.flush();
  }

  /** The turns whose changes are to be committed now, together; not what was decided too long ago by now. */
  takeGathered(): readonly Turn[] {
    const now = this.#parts.clock.monotonic();
    const turns: Turn[] = [];
    for (const turn of this.#gathered)
      if (turn.isStale(turn.decidedAt, now)) this.#drop(turn, 'stale');
      else turns.push(turn);
    this.#gathered = [];
    this.#commits += 1;
    return turns;
  }

  endCommit(turns: readonly Turn[], outcomes: readonly Outcome[]): void {
    this.#commits -= 1;
    for (const [index, turn] of turns.entries()) {
      try {
        this.#end(turn, outcomes[index] ?? 'unknown');
      } catch (error) {
        this.#break(turn, error);
      }
    }
    // What is stored so late is newer than what was missed meanwhile, and vouches for nothing: its DHCPACK does not leave.
    const isLate = (turn: Turn) => turn.isStale(turn.decidedAt, this.#monotonic);
    if (turns.some((turn, index) => outcomes[index] === 'committed' && isLate(turn)))
      this.#parts.serverState.missed();
  }

  stop(): void {
    this.#isStopping = true;
  }

  clear(): void {
    this.#waiting.clear('stopping');
  }

  #advance(turn: Turn): void {
    try {
      this.#decide(turn);
    } catch (error) {
      this.#break(turn, error);
    }
  }

  #decide(turn: Turn): void {
    const decision = this.#ask(turn);
    turn.decision = decision;
    turn.decidedAt = this.#monotonic;
    turn.change = decision.kind === 'wait' ? undefined : decision.change;
    if (decision.kind === 'wait') this.#wait(turn, decision);
    else if (turn.change !== undefined) this.#submit(turn, turn.change);
    else if (decision.reason === 'in-flight' && this.#parts.inFlight.size > 0) {
      if (this.#keep(turn)) this.#waiting.followAny(turn);
    } else if (decision.reason !== 'pool-full' || !this.#awaitSweep(turn)) {
      this.#conclude(turn, decision, undefined);
    }
  }

  /**
   * A pool may look full only because what has run out is not swept yet: once, the turn stays behind the sweep's orders,
   * and then behind their commit. False: it has, or nothing can be swept.
   */
  #awaitSweep(turn: Turn): boolean {
    const isOrdered = turn.sweeps === 0 && turn.order === undefined && this.#parts.makeRoom?.() === true;
    const isUnderWay = turn.sweeps === 1 && this.#parts.inFlight.size > 0;
    if (!isOrdered && !isUnderWay) return false;
    turn.sweeps += 1;
    if (!this.#waiting.keep(turn, this.#monotonic)) return false;
    if (isOrdered) this.#waiting.makeReady(turn);
    else this.#waiting.followAny(turn);
    return true;
  }

  /** Settles a change at once, or has it committed; behind whoever keeps its client or its addresses in flight. */
  #submit(turn: Turn, change: LeaseChange): void {
    const ahead = this.#waiting.aheadOf(turn, change);
    const settled = ahead === undefined ? this.#parts.store.resolveWithoutCommit(change) : undefined;
    if (ahead !== undefined) this.#waitFor(turn, ahead);
    else if (settled !== undefined) this.#end(turn, settled);
    else if (!this.#hasRoom()) {
      if (this.#keep(turn)) this.#waiting.starve(turn);
    } else {
      this.#waiting.claim(turn, change);
      this.#gathered.push(turn);
    }
  }

  #ask(turn: Turn): Decision {
    const { store, decide, serverState } = this.#parts;
    const { message, client, sender, arrival, order } = turn;
    if (order !== undefined) return order.decide(this.#now, store.leases, this.plan);
    if (message === undefined || client === undefined || sender === undefined || arrival === undefined)
      throw new Error('an empty turn');
    const context = contextFor(this.#context, turn, client, sender, serverState);
    return decide(message, arrival, context, this.#now, store.leases, this.plan);
  }

  #end(turn: Turn, outcome: Outcome): void {
    const { decision, change } = turn;
    if (decision === undefined || change === undefined) throw new Error('an outcome without a change');
    this.#waiting.letGo(turn);
    if (outcome === 'committed')
      moveStamps(turn, this.#waiting.behind(turn.sender), change, this.#parts.store.leases);
    const isStep = outcome === 'committed' && decision.kind === 'again';
    if (outcome === 'conflict' || isStep) this.#decideAgain(turn, decision, outcome);
    else this.#conclude(turn, decision, outcome);
  }

  #decideAgain(turn: Turn, decision: Decision, outcome: Outcome): void {
    this.#reports.tell(turn, decision, outcome);
    // A slow commit that conflicts: others have written meanwhile, and whoever they wrote of may answer by now.
    if (outcome === 'conflict' && this.#monotonic - turn.answeredAt > ANSWER_LIFE) turn.forgetAnswers();
    turn.attempts += 1;
    if (turn.attempts < ATTEMPT_LIMIT) {
      this.#waiting.occupy(turn);
      this.#waiting.makeReady(turn);
    } else this.#drop(turn, 'conflict-limit', outcome);
  }

  /** The last word on a turn: silence if its change is not durable. */
  #conclude(turn: Turn, decision: Decision, outcome: Outcome | undefined): void {
    const isDurable = outcome === undefined || outcome === 'committed';
    if (decision.kind === 'reply' && isDurable)
      this.#replies.add(decision.reply, decision.destination, turn.decidedAt);
    const isDecline = decision.reason === 'declined' || decision.reason === 'too-many-declines';
    if (isDecline && turn.message !== undefined) this.#parts.serverState.declined(turn.message.hardware);
    this.#reports.conclude(turn, outcome);
    this.#waiting.finish(turn);
    turn.settle(outcome ?? 'nothing');
  }

  /** RFC 2131 §2.2: asks the segment, or just waits. Client and address stay in flight; no commit is held up. */
  #wait(turn: Turn, decision: Extract<Decision, { kind: 'wait' }>): void {
    const { address, until, probe } = decision;
    if (turn.order !== undefined) throw new Error('an order may not wait');
    const holder = this.#waiting.holderOf(address);
    if (holder !== undefined) {
      this.#waitFor(turn, holder);
      return;
    }
    turn.waits += 1;
    if (turn.waits > WAIT_LIMIT) throw new Error(`no end of waiting: ${decision.reason}`);
    if (!this.#keep(turn)) return;
    this.#waiting.hold(turn, address);
    this.#reports.tell(turn, decision, undefined);

    const { clock, prober } = this.#parts;
    const milliseconds = Math.max(0, until - this.#now);
    const asked = clock.monotonic();
    const done = (answer: HardwareAddress | undefined) => {
      turn.cancel = undefined;
      // The wait itself does not make it stale; that this gateway stood still meanwhile does.
      turn.since += Math.min(clock.monotonic() - asked, milliseconds);
      turn.answeredAt = clock.monotonic();
      if (probe) turn.answers = new Map(turn.answers).set(address, answer);
      else turn.waited = true;
      this.#waiting.makeReady(turn); // Before those who wait for what it lets go.
      this.#waiting.letGo(turn);
      this.#wake();
    };
    turn.cancel = probe
      ? prober.ask(address, turn.message?.hardware ?? NO_HARDWARE, milliseconds, done)
      : clock.after(milliseconds, () => done(undefined));
    if (turn.cancel === undefined) this.#drop(turn, 'no-room');
  }

  #waitFor(turn: Turn, ahead: Turn): void {
    if (this.#keep(turn)) this.#waiting.follow(turn, ahead);
  }

  #keep(turn: Turn): boolean {
    if (this.#waiting.keep(turn, this.#monotonic)) return true;
    this.#drop(turn, 'no-room');
    return false;
  }

  #hasRoom(): boolean {
    const { depth, batchLimit } = this.#parts.store;
    return this.#commits < depth && this.#gathered.length < batchLimit;
  }

  /** Our own mistake costs one message, not the server. */
  #break(turn: Turn, error: unknown): void {
    this.#parts.observer.broken(error);
    this.#drop(turn, 'broken');
  }

  #drop(turn: Turn, reason: Drop, outcome: Outcome | 'nothing' = 'nothing'): void {
    this.#waiting.finish(turn);
    this.#forget(turn, reason, outcome);
  }

  #forget(turn: Turn, reason: Drop, outcome: Outcome | 'nothing'): void {
    this.#parts.observer.dropped(reason, 1);
    turn.settle(outcome);
    turn.release();
  }
}
