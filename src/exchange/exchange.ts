import type { Version } from '../lease/lease.ts';
import type { Outcome } from '../store/lease-store.ts';
import type { Plan } from '../subnet/plan.ts';
import type { Arena, Batch, Datagram } from '../transport/transport.ts';
import { decode } from '../wire/decode.ts';
import { ADMISSIONS, type Admission, admit } from './admission.ts';
import { Arrivals } from './arrivals.ts';
import { droppedFrom } from './dropped-from.ts';
import type { Drop } from './drops.ts';
import type { ExchangeParts } from './exchange-parts.ts';
import { ExchangeSteps } from './exchange-steps.ts';
import type { Commit } from './next-commit.ts';
import { type DecisionOutcome, type Observer, observers } from './observer.ts';
import type { Order } from './order.ts';
import { PendingMessage } from './pending.ts';

/** Datagrams that one round reads at most, and at most for each change of a commit: of several gateways' most are for the others. */
const ROUND_LIMIT = 512;
const READ_FOR_EACH = 4;
/** Orders that may be on their way at once. */
export const ORDER_LIMIT = 256;

/**
 * The way of every datagram: receive, decode, decide, commit, encode, send. A round reads what waits, decides it, sends
 * the replies that rest on nothing new, commits all changes together, and sends the other replies when those are durable
 * (RFC 2131 §3.1 (4)). Reading goes on while commits are under way. `ExchangeSteps` says what becomes of one message.
 */
export class Exchange {
  readonly #parts: ExchangeParts;
  readonly #steps: ExchangeSteps;
  readonly #admissions: readonly Admission[];
  /** Throws nothing. */
  readonly #observer: Observer;
  /** The arenas that can be filled. A commit keeps the one that its messages lie in, so that one is always free. */
  readonly #arenas: Arena[] = [];
  readonly #arrivals = new Arrivals();
  #underWay = 0;
  #orders = 0;
  #isInRound = false;
  #isDrained = true;
  #heard = 0;
  #broadcasts = 0;
  #isStopping = false;
  #whenStopped: () => void = () => {};

  constructor(parts: ExchangeParts) {
    const { transport, store } = parts;
    this.#parts = parts;
    this.#observer = observers(parts.observer);
    this.#admissions = [...ADMISSIONS, ...(parts.admissions ?? [])];
    this.#steps = new ExchangeSteps(parts, this.#observer, () => this.#wake());
    const capacity = Math.min(store.batchLimit * READ_FOR_EACH, ROUND_LIMIT);
    for (let count = 0; count < store.depth + 1; count += 1) this.#arenas.push(transport.arena(capacity));
    transport.onReadable(() => this.receive());
  }

  /** A new plan takes effect with the next decision. */
  set plan(plan: Plan) {
    this.#steps.plan = plan;
  }

  /** True if nothing is on its way, and no datagram was left unread. */
  get isIdle(): boolean {
    return this.#isDrained && this.#underWay === 0 && this.#steps.isEmpty;
  }

  /** How many datagrams were read, whatever became of them. */
  get heard(): number {
    return this.#heard;
  }

  /** How many of them were broadcasts. */
  get broadcasts(): number {
    return this.#broadcasts;
  }

  /** One round; for whenever datagrams wait. */
  receive(): void {
    const arena = this.#isStopping ? undefined : this.#arenas.pop();
    if (arena === undefined) return;
    this.#begin();
    const batch = this.#fill(arena);
    // Stamped when read: what waits may not undo what comes after it.
    const revision = this.#arrivals.revisionAt(this.#steps.monotonic, this.#parts.store.leases.revision);
    for (const datagram of this.#fresh(batch)) {
      const message = this.#read(datagram, arena, revision);
      if (message instanceof PendingMessage) {
        this.#learn(message);
        this.#steps.begin(message);
      } else this.#observer.dropped(message, 1, droppedFrom(datagram, arena));
    }
    this.#end(arena);
  }

  /** Notes that the event loop turns: several times a second, or what lies in the sockets is never known to be old. */
  beat(): void {
    this.#arrivals.beat(this.#parts.clock.monotonic(), this.#parts.store.leases.revision);
  }

  /** Takes an order from inside. False: no room; `done` will not be called. */
  submit(order: Order): boolean {
    if (this.#isStopping || this.#orders >= ORDER_LIMIT) return false;
    this.#orders += 1;
    const done = (outcome: DecisionOutcome) => {
      this.#orders -= 1;
      order.done(outcome);
    };
    this.#steps.submit({ decide: order.decide.bind(order), done });
    return true;
  }

  /** Reads no more, ends the commits under way, sends their replies, and drops what waits. */
  async stop(): Promise<void> {
    if (this.#isStopping) return;
    this.#isStopping = true;
    this.#steps.stop();
    this.#parts.transport.pause();
    if (this.#underWay > 0) await new Promise<void>((resolve) => (this.#whenStopped = resolve));
    this.#steps.clear();
  }

  /** A datagram as a message in its first state, or why it is dropped: before anything is learnt from it. */
  #read(
    { truncated, offset, length, arrival }: Datagram,
    arena: Arena,
    revision: Version,
  ): PendingMessage | Drop {
    if (truncated) return 'truncated';
    const message = decode(arena.bytes, arena.view, offset, length);
    if (!message.ok) return message.malformed;
    const { plan, monotonic } = this.#steps;
    return admit(this.#admissions, message, arrival, monotonic, plan, revision);
  }

  /** What a message says of other servers and of its sender, which the decision about it may rest on. */
  #learn({ message, client, sender }: PendingMessage): void {
    const { type, serverIdentifier, requestedAddress, hardware } = message;
    if (type === 'DHCPDISCOVER') this.#parts.serverState.heardDiscover(sender);
    if (type === 'DHCPREQUEST' && serverIdentifier !== undefined && requestedAddress !== undefined)
      this.#parts.serverState.heardRequest(serverIdentifier, requestedAddress, client, hardware);
  }

  /** Something may be decided that waited: an answer came, or an order. */
  #wake(): void {
    if (this.#isInRound || this.#isStopping) return; // The end of the round decides it.
    this.#begin();
    this.#end(undefined);
  }

  #begin(): void {
    this.#isInRound = true;
    this.#steps.readClock();
  }

  #end(arena: Arena | undefined): void {
    this.#steps.decideReady();
    this.#steps.send();
    this.#isInRound = false;
    if (this.#steps.hasCommit) void this.#commit(arena);
    else this.#rest(arena);
  }

  /** Commits what the round has decided, and what becomes ready by it, until nothing is left. Never rejects. */
  async #commit(arena: Arena | undefined): Promise<void> {
    this.#underWay += 1;
    while (this.#steps.hasCommit) {
      const commit = this.#steps.takeCommit();
      const outcomes = await this.#outcomesOf(commit);
      this.#begin();
      this.#steps.endCommit(commit, outcomes); // 'committed' answers, 'conflict' decides again; the rest is silence.
      this.#steps.decideReady();
      this.#steps.send();
      this.#isInRound = false;
    }
    this.#underWay -= 1;
    this.#rest(arena);
  }

  async #outcomesOf({ changes }: Commit): Promise<readonly Outcome[]> {
    if (changes.length === 0) return [];
    try {
      return await this.#parts.store.commit(changes);
    } catch (error) {
      this.#observer.broken(error); // A store never rejects; what it did not say is unknown.
      return [];
    }
  }

  #rest(arena: Arena | undefined): void {
    if (arena !== undefined) this.#arenas.push(arena);
    if (this.#underWay > 0) return;
    if (this.#isStopping) this.#whenStopped();
    else if (this.#isDrained) this.#parts.store.idle(this.#parts.clock.now());
  }

  #fill(arena: Arena): Batch {
    try {
      const batch = this.#parts.transport.receive(arena);
      this.#isDrained = batch.drained;
      this.#heard += batch.datagrams.length;
      for (const { arrival } of batch.datagrams) if (arrival.via === 'broadcast') this.#broadcasts += 1;
      return batch;
    } catch (error) {
      this.#observer.broken(error);
      return { arena, datagrams: [], drained: false };
    }
  }

  /** Nothing of what lay in the sockets while this gateway stood still: whoever sent it has asked again, or ended. */
  #fresh({ datagrams, drained }: Batch): readonly Datagram[] {
    const { monotonic } = this.#steps;
    const areStale = this.#arrivals.areStale(monotonic);
    this.#arrivals.read(monotonic, datagrams.length, drained, this.#parts.store.leases.revision);
    if (!areStale || datagrams.length === 0) return datagrams;
    this.#observer.dropped('stale', datagrams.length);
    this.#parts.serverState.missed();
    return [];
  }
}
