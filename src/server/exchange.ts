import type { Decide, Decision } from '../engine/decision.ts';
import { type ClientKey, clientKeyOf } from '../lease/client-key.ts';
import type { Instant, Version } from '../lease/lease.ts';
import type { HardwareAddress } from '../net/hardware-address.ts';
import type { Ipv4 } from '../net/ipv4.ts';
import type { LeaseStore, Outcome } from '../store/lease-store.ts';
import type { Plan } from '../subnet/plan.ts';
import type { Arena, Datagram, Transport } from '../transport/transport.ts';
import { decode } from '../wire/decode.ts';
import type { Clock } from './clock.ts';
import type { Drop, Observer } from './observer.ts';
import { Replies } from './replies.ts';
import { stampAfter } from './stamp.ts';
import { type Order, Turn } from './turn.ts';
import { STALE_AFTER, Waiting } from './waiting.ts';

/** Commits that one message or order may need: the first, and three after a conflict. */
const ATTEMPT_LIMIT = 4;
/** Waits of one message; more is a mistake of the engine. */
const WAIT_LIMIT = 8;
/** Orders that may be on their way at once. */
export const ORDER_LIMIT = 256;
/** Datagrams that one round reads at most. */
const ROUND_LIMIT = 512;

/** What only the running server knows, for the engine's `Known`. */
export interface Circumstances {
  readonly deafRevision: Version;
  readonly trustsClock: boolean;
  /** DHCPDECLINEs of this client in the last ten minutes. */
  declinesOf(client: ClientKey): number;
  /** A DHCPDECLINE of this client has been decided. */
  declined(client: ClientKey): void;
}

/** Asks the segment who holds an address. */
export interface Prober {
  /** Calls `done` once, later: at the first answer, or with undefined after so many milliseconds. Undefined: no room. */
  ask(
    address: Ipv4,
    milliseconds: number,
    done: (holder: HardwareAddress | undefined) => void,
  ): (() => void) | undefined;
}

export interface ExchangeParts {
  readonly transport: Transport;
  readonly store: LeaseStore;
  readonly decide: Decide;
  readonly clock: Clock;
  readonly plan: Plan;
  /** The set that the store's view answers `isInFlight` from; written here only. */
  readonly inFlight: Set<Ipv4>;
  readonly prober: Prober;
  readonly circumstances: Circumstances;
  readonly observer: Observer;
}

/**
 * The way of every datagram: receive, decode, decide, commit, encode, send. A round reads what waits, decides it, sends
 * the replies that rest on nothing new, commits all changes together, and sends the other replies when they are durable
 * (RFC 2131 §3.1 (3)). Reading goes on while commits are under way. Memory moves only with a commit: until its outcome
 * the client and the addresses of a change are in flight, and whatever else concerns them waits.
 */
export class Exchange {
  /** A new plan takes effect with the next decision. */
  plan: Plan;
  readonly #parts: ExchangeParts;
  readonly #waiting: Waiting;
  readonly #replies: Replies;
  readonly #known;
  /** Those that no commit needs; a commit keeps the one that its messages lie in. */
  readonly #arenas: Arena[] = [];
  /** The turns whose changes the next commit takes. */
  #gathered: Turn[] = [];
  #underWay = 0;
  readonly #orders = new Set<Turn>();
  #isBusy = false;
  #isStopping = false;
  #isDrained = true;
  #stopped: (() => void) | undefined;
  #now: Instant;
  #monotonic = 0;

  constructor(parts: ExchangeParts) {
    const { transport, store, inFlight, circumstances, clock } = parts;
    this.#parts = parts;
    this.plan = parts.plan;
    this.#now = clock.now();
    this.#waiting = new Waiting(inFlight, (turn, reason) => this.#forget(turn, reason));
    this.#replies = new Replies(transport, parts.observer);
    const capacity = Math.min(store.batchLimit, ROUND_LIMIT);
    for (let count = 0; count <= store.depth; count += 1) this.#arenas.push(transport.arena(capacity));
    this.#known = {
      client: '' as ClientKey,
      revision: 0,
      deafRevision: circumstances.deafRevision,
      trustsClock: circumstances.trustsClock,
      declines: 0,
      answers: new Map() as ReadonlyMap<Ipv4, HardwareAddress | undefined>,
    };
    transport.onReadable(() => this.receive());
  }

  /** True if nothing is on its way and no datagram was left unread. */
  get isIdle(): boolean {
    return this.#isDrained && this.#underWay === 0 && this.#waiting.isEmpty;
  }

  /** How many turns are in flight or wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** One round; for whenever datagrams wait. */
  receive(): void {
    if (this.#isStopping) return;
    const arena = this.#arenas.pop();
    if (arena === undefined) throw new Error('every arena is in use: more commits than the store has depth');
    this.#enter();
    const { datagrams, drained } = this.#parts.transport.receive(arena);
    this.#isDrained = drained;
    const { revision } = this.#parts.store.leases; // Stamped when read: what waits must not undo what came after it.
    for (const datagram of datagrams) {
      const turn = this.#read(datagram, arena, revision);
      if (turn !== undefined) this.#admit(turn);
    }
    this.#leave(arena);
  }

  /** Takes an order from inside; false: no room, and `settled` will not be called. */
  submit(order: Order): boolean {
    if (this.#isStopping || this.#orders.size >= ORDER_LIMIT) return false;
    const turn = new Turn(undefined, undefined, undefined, order, 0, this.#monotonic);
    this.#orders.add(turn);
    this.#waiting.makeReady(turn);
    this.#resume();
    return true;
  }

  /** Reads no more, ends the commits under way, sends their replies, and drops what waits. */
  async stop(): Promise<void> {
    if (this.#isStopping) return;
    this.#isStopping = true;
    this.#parts.transport.pause();
    if (this.#underWay > 0) await new Promise<void>((resolve) => (this.#stopped = resolve));
    this.#waiting.clear('stopping');
    for (const turn of [...this.#orders]) this.#forget(turn, 'stopping');
  }

  #read(datagram: Datagram, arena: Arena, revision: Version): Turn | undefined {
    if (datagram.truncated) return this.#refuse('truncated');
    const message = decode(arena.bytes, arena.view, datagram.offset, datagram.length);
    if (!message.ok) return this.#refuse(message.malformed);
    const client = clientKeyOf(message, this.plan.identity !== 'mac');
    if (client === undefined) return this.#refuse('no-client');
    return new Turn(client, message, datagram.arrival, undefined, revision, this.#monotonic);
  }

  /** A datagram that was just read: behind its client's turn in flight, or decided at once. */
  #admit(turn: Turn): void {
    const { client } = turn;
    if (client !== undefined && this.#waiting.isClientInFlight(client)) {
      this.#waiting.queue(turn, client, this.#monotonic);
    } else this.#advance(turn);
  }

  #advance(turn: Turn): void {
    try {
      this.#decide(turn);
    } catch (error) {
      this.#parts.observer.broken(error);
      this.#drop(turn, 'broken');
    }
  }

  #decide(turn: Turn): void {
    const decision = this.#ask(turn);
    turn.decision = decision;
    turn.change = undefined;
    if (decision.kind === 'wait') return this.#wait(turn, decision);
    const { change } = decision;
    if (change === undefined) {
      if (decision.reason === 'in-flight' && this.#followAny(turn)) return;
      return this.#conclude(turn, decision, undefined);
    }

    turn.change = change;
    const ahead = this.#waiting.aheadOf(turn, change);
    if (ahead !== undefined) return this.#follow(turn, ahead);
    const settled = this.#parts.store.settle(change);
    if (settled !== undefined) return this.#end(turn, settled);
    if (this.#hasRoom()) {
      this.#waiting.claim(turn, change);
      this.#gathered.push(turn);
    } else if (this.#keep(turn)) this.#waiting.starve(turn);
  }

  #ask(turn: Turn): Decision {
    const { store, decide, circumstances } = this.#parts;
    const { message, client, arrival, order } = turn;
    if (order !== undefined) return order.decide(this.#now, store.leases, this.plan);
    if (message === undefined || client === undefined || arrival === undefined) throw new Error('an empty turn');
    const known = this.#known;
    known.client = client;
    known.revision = turn.revision;
    known.deafRevision = circumstances.deafRevision;
    known.trustsClock = circumstances.trustsClock;
    known.declines = circumstances.declinesOf(client);
    known.answers = turn.answers;
    return decide(message, arrival, known, this.#now, store.leases, this.plan);
  }

  #hasRoom(): boolean {
    const { depth, batchLimit } = this.#parts.store;
    return this.#underWay < depth && this.#gathered.length < batchLimit;
  }

  /** What became of a turn's change. */
  #end(turn: Turn, outcome: Outcome): void {
    const { decision, change } = turn;
    if (decision === undefined || change === undefined) throw new Error('an outcome without a change');
    this.#waiting.letGo(turn);
    if (outcome === 'committed') this.#moveStamps(turn, change);
    const decidesAgain = outcome === 'conflict' || (outcome === 'committed' && decision.kind === 'again');
    if (!decidesAgain) return this.#conclude(turn, decision, outcome);

    this.#observe(turn, decision, outcome);
    turn.attempts += 1;
    if (turn.attempts >= ATTEMPT_LIMIT) return this.#drop(turn, 'conflict-limit', outcome);
    this.#waiting.occupy(turn);
    this.#waiting.makeReady(turn);
  }

  /** A message's own change, or its predecessor's, does not make it overtaken. */
  #moveStamps(turn: Turn, change: NonNullable<Turn['change']>): void {
    const { leases } = this.#parts.store;
    turn.revision = stampAfter(change, turn.revision, leases);
    if (turn.client === undefined || turn.client !== change.client) return;
    const next = this.#waiting.behind(turn.client);
    if (next?.message === undefined || next.message.hardware !== turn.message?.hardware) return;
    next.revision = stampAfter(change, next.revision, leases);
  }

  /** The last word on a turn. Silence if its change is not durable. */
  #conclude(turn: Turn, decision: Decision, outcome: Outcome | undefined): void {
    const isDurable = outcome === undefined || outcome === 'committed';
    if (decision.kind === 'reply' && isDurable) this.#replies.add(decision.reply, decision.destination);
    if (turn.message?.type === 'DHCPDECLINE' && turn.client !== undefined) {
      this.#parts.circumstances.declined(turn.client);
    }
    this.#observe(turn, decision, outcome);
    this.#waiting.finish(turn);
    this.#settleOrder(turn, outcome ?? 'nothing');
  }

  /** RFC 2131 §3.1 (2): asks the segment, or just waits. Client and address stay in flight; no commit is held up. */
  #wait(turn: Turn, decision: Extract<Decision, { kind: 'wait' }>): void {
    const { address, until, probe } = decision;
    if (turn.order !== undefined) throw new Error('an order may not wait');
    const holder = this.#waiting.holderOf(address);
    if (holder !== undefined) return this.#follow(turn, holder);
    turn.waits += 1;
    if (turn.waits > WAIT_LIMIT) return this.#drop(turn, 'conflict-limit');
    if (!this.#keep(turn)) return;
    this.#waiting.hold(turn, address);
    this.#observe(turn, decision, undefined);

    const { clock, prober } = this.#parts;
    const milliseconds = Math.max(0, until - this.#now);
    const done = (answer: HardwareAddress | undefined) => {
      turn.cancel = undefined;
      turn.answers = new Map(turn.answers).set(address, answer);
      this.#waiting.letGo(turn);
      this.#waiting.makeReady(turn);
      this.#resume();
    };
    turn.cancel = probe
      ? prober.ask(address, milliseconds, done)
      : clock.after(milliseconds, () => done(undefined));
    if (turn.cancel === undefined) this.#drop(turn, 'no-room');
  }

  #follow(turn: Turn, ahead: Turn): void {
    if (this.#keep(turn)) this.#waiting.follow(turn, ahead);
  }

  /** Decided on what is on its way: again after whatever ends next. False: nothing is. */
  #followAny(turn: Turn): boolean {
    if (this.#parts.inFlight.size === 0) return false;
    if (this.#keep(turn)) this.#waiting.followAny(turn);
    return true;
  }

  #keep(turn: Turn): boolean {
    if (this.#waiting.keep(turn, this.#monotonic)) return true;
    this.#drop(turn, 'no-room');
    return false;
  }

  /** Decides what became ready; for timers, answers and orders. */
  #resume(): void {
    if (this.#isBusy || this.#isStopping) return; // The round that is under way decides it at its end.
    this.#enter();
    this.#leave(undefined);
  }

  #enter(): void {
    const { clock } = this.#parts;
    this.#isBusy = true;
    this.#now = clock.now();
    this.#monotonic = clock.monotonic();
  }

  /** Ends a round: what is ready is decided, replies leave, and the changes go to be committed. */
  #leave(arena: Arena | undefined): void {
    this.#decideReady();
    this.#replies.flush();
    this.#isBusy = false;
    if (this.#gathered.length > 0) void this.#commit(arena);
    else this.#rest(arena);
  }

  #decideReady(): void {
    for (;;) {
      const turn = this.#waiting.next(this.#hasRoom());
      if (turn === undefined) return;
      if (this.#isStopping) this.#drop(turn, 'stopping');
      else if (turn.order === undefined && this.#monotonic - turn.since > STALE_AFTER) this.#drop(turn, 'stale');
      else this.#advance(turn);
    }
  }

  /** Commits what was gathered, and what becomes ready by it, until nothing is left. Never rejects. */
  async #commit(arena: Arena | undefined): Promise<void> {
    while (this.#gathered.length > 0) {
      const turns = this.#gathered;
      this.#gathered = [];
      this.#underWay += 1;
      const outcomes = await this.#outcomesOf(turns);
      this.#underWay -= 1;
      this.#enter();
      turns.forEach((turn, index) => {
        this.#end(turn, outcomes[index] ?? 'unknown');
      });
      this.#decideReady();
      this.#replies.flush();
      this.#isBusy = false;
    }
    this.#rest(arena);
  }

  async #outcomesOf(turns: readonly Turn[]): Promise<readonly Outcome[]> {
    const changes = [];
    for (const { change } of turns) if (change !== undefined) changes.push(change);
    try {
      return await this.#parts.store.commit(changes);
    } catch (error) {
      this.#parts.observer.broken(error); // A store never rejects.
      return [];
    }
  }

  #rest(arena: Arena | undefined): void {
    if (arena !== undefined) this.#arenas.push(arena);
    if (this.#underWay > 0) return;
    if (this.#isStopping) this.#stopped?.();
    else if (this.#isDrained) this.#parts.store.idle(this.#now);
  }

  #observe(turn: Turn, decision: Decision, outcome: Outcome | undefined): void {
    const { observer } = this.#parts;
    if (turn.message === undefined || turn.client === undefined) observer.ordered(decision, outcome);
    else observer.decided(turn.message, turn.client, decision, outcome);
  }

  #refuse(reason: Drop): undefined {
    this.#parts.observer.dropped(reason, 1);
  }

  #drop(turn: Turn, reason: Drop, outcome: Outcome | 'nothing' = 'nothing'): void {
    this.#waiting.finish(turn);
    this.#forget(turn, reason, outcome);
  }

  #forget(turn: Turn, reason: Drop, outcome: Outcome | 'nothing' = 'nothing'): void {
    this.#parts.observer.dropped(reason, 1);
    this.#settleOrder(turn, outcome);
  }

  #settleOrder(turn: Turn, outcome: Outcome | 'nothing'): void {
    if (turn.order !== undefined && this.#orders.delete(turn)) turn.order.settled(outcome);
  }
}
