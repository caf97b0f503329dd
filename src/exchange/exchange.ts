import type { Version } from '../lease/lease.ts';
import type { Arrival } from '../net/datagram.ts';
import type { Outcome } from '../store/lease-store.ts';
import type { Plan } from '../subnet/plan.ts';
import type { Arena, Batch, Datagram } from '../transport/transport.ts';
import type { Message } from '../wire/message.ts';
import { admit } from './admission/admit.ts';
import { basicAdmissions } from './admission/basic-admissions.ts';
import { ExchangeSteps } from './exchange-steps.ts';
import { type Commit, takesLong } from './next-commit.ts';
import { droppedFrom } from './observer/dropped-from.ts';
import type { Drop } from './observer/drops.ts';
import { type DecisionOutcome, type Observer, observers } from './observer/observer.ts';
import type { Admission } from './parts/admission.ts';
import type { ExchangeParts } from './parts/exchange-parts.ts';
import type { Order } from './parts/order.ts';
import { PendingMessage } from './pending/pending.ts';
import { Arrivals } from './round/arrivals.ts';
import { messagesOf } from './round/messages-of.ts';
import { Precedence } from './round/precedence.ts';
import { WakeUps } from './round/wake-ups.ts';

/**
 * Datagrams that one round reads at most; and how many it reads for each change that a commit takes, since beside other
 * gateways most datagrams are for one of those.
 */
const ROUND_LIMIT = 512;
const READ_FOR_EACH = 4;
/** Orders that can be pending at once. */
export const ORDER_LIMIT = 256;

/**
 * The way of every datagram: receive, decode, admit, decide, commit, encode, send. One round reads the datagrams that
 * have arrived, decides them, sends the replies that need no new record, commits all changes together, and sends the
 * other replies when the changes are durable (RFC 2131 §3.1 (4)). While many ask, `Pace` lets a round read twice before it commits.
 * Rounds go on while commits are under way.
 * `ExchangeSteps` has the steps of one message. All of it runs on the packets' thread.
 */
export class Exchange {
  readonly #parts: ExchangeParts;
  readonly #steps: ExchangeSteps;
  readonly #admissions: readonly Admission[];
  /** It never throws. */
  readonly #observer: Required<Observer>;
  /** The arenas that are free. A commit keeps that of its messages, or two where there is a pace; one is always left to read. */
  readonly #arenas: Arena[] = [];
  readonly #arrivals = new Arrivals();
  readonly #precedence: Precedence;
  readonly #wakeUps: WakeUps;
  #underWay = 0;
  #orders = 0;
  #isInRound = false;
  #isDrained = true;
  #received = 0;
  #broadcasts = 0;
  #isStopping = false;
  #whenStopped: () => void = () => {};

  constructor(parts: ExchangeParts) {
    const { transport, store } = parts;
    this.#parts = parts;
    this.#observer = observers(parts.observer);
    this.#precedence = new Precedence(parts.seed ?? 0);
    this.#wakeUps = new WakeUps(this.#decideReady, parts.soon);
    this.#admissions = [...basicAdmissions(), ...(parts.admissions ?? [])];
    this.#steps = new ExchangeSteps(parts, this.#observer, (when) => {
      // The end of a round decides it.
      if (!this.#isInRound && !this.#isStopping) this.#wakeUps.wake(when);
    });
    const capacity = Math.min(store.batchLimit * READ_FOR_EACH, ROUND_LIMIT);
    const arenas = parts.pace === undefined ? store.depth + 1 : 2 * store.depth + 1;
    for (let count = 0; count < arenas; count += 1) this.#arenas.push(transport.arena(capacity));
    transport.onReadable(() => this.receive());
  }

  /** A new plan takes effect with the next decision. */
  set plan(plan: Plan) {
    this.#steps.plan = plan;
  }

  /** True if no message and no order is pending, and the sockets were empty when they were read last. */
  get isIdle(): boolean {
    return this.#isDrained && this.#underWay === 0 && this.#steps.isEmpty;
  }

  /** Datagrams read so far, whatever became of them. */
  get received(): number {
    return this.#received;
  }

  /** Broadcasts among them that came by the UDP sockets, past the firewall of this machine. */
  get broadcasts(): number {
    return this.#broadcasts;
  }

  /** One round. To be called whenever datagrams have arrived. */
  receive(): void {
    const arena = this.#isStopping ? undefined : this.#arenas.pop();
    if (arena === undefined) return;
    this.#parts.pace?.wait();
    this.#begin();
    this.#read(arena);
    this.#steps.decideReady();
    this.#end(this.#steps.hasCommit ? this.#readMore(arena) : [arena]);
  }

  /** While many ask, waits for the time of the commit and reads once more before it. Returns the arenas of the round. */
  #readMore(arena: Arena): readonly Arena[] {
    const { pace } = this.#parts;
    const more = pace?.isCommitEarly === true ? this.#arenas.pop() : undefined;
    if (more !== undefined) this.#steps.send();
    pace?.waitForCommit(more !== undefined);
    if (more === undefined) return [arena];
    this.#steps.readClock();
    this.#read(more, true);
    return [arena, more];
  }

  /** To be called twice a second: a gap between two calls shows that the process stood still. */
  beat(): void {
    this.#arrivals.beat(this.#parts.clock.monotonic(), this.#parts.store.leases.revision);
  }

  /** Takes an order. False: too many are pending, or the exchange stops; `done` will not be called. */
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

  /** Reads what has arrived, and decides it. */
  #read(arena: Arena, isAgain = false): void {
    const batch = this.#fill(arena, isAgain);
    this.#parts.pace?.read(batch.datagrams.length);
    // Of when it is read, not of when it is decided: a message that waits must not undo what was written meanwhile.
    const revision = this.#arrivals.revisionAt(this.#steps.monotonic, this.#parts.store.leases.revision);
    this.#precedence.begin(this.#steps.monotonic, batch.datagrams.length, batch.drained);
    const datagrams = this.#fresh(batch);
    const messages = messagesOf(datagrams, arena, this.#parts.serverState);
    for (let index = 0; index < datagrams.length; index += 1) {
      const datagram = datagrams[index];
      const message = messages[index];
      if (datagram !== undefined && message !== undefined) this.#admit(message, datagram, arena, revision);
    }
    this.#precedence.forEach(this.#isKnown, this.#beginMessage, this.#shed);
  }

  /** Stops reading, ends the commits under way, sends their replies, and drops what waits. */
  async stop(): Promise<void> {
    if (this.#isStopping) return;
    this.#isStopping = true;
    this.#steps.stop();
    this.#parts.transport.pause();
    if (this.#underWay > 0) await new Promise<void>((resolve) => (this.#whenStopped = resolve));
    this.#steps.clear();
  }

  /** Takes a message into the round; or drops it, before anything is learnt from it. */
  #admit(message: Message | Drop, datagram: Datagram, arena: Arena, revision: Version): void {
    const { plan, monotonic } = this.#steps;
    const admitted =
      typeof message === 'string'
        ? message
        : admit(this.#admissions, message, datagram.arrival, monotonic, plan, revision);
    if (admitted instanceof PendingMessage) this.#precedence.add(admitted);
    else this.#observer.dropped(admitted, 1, droppedFrom(datagram, arena));
  }

  readonly #isKnown = ({ client }: PendingMessage): boolean =>
    this.#parts.store.leases.bindingOf(client) !== undefined;

  /** Learns from a message, and takes its first step: it is decided, or waits behind another one of its sender. */
  readonly #beginMessage = (message: PendingMessage): void => {
    this.#learn(message);
    this.#steps.begin(message);
  };

  readonly #shed = ({ arrival, message }: PendingMessage): void => {
    const { type, serverIdentifier, hardware } = message;
    // Who asks another gateway for which address is to be heard: it was missed.
    if (type === 'DHCPREQUEST' && serverIdentifier !== arrival.local) this.#parts.serverState.noteGap();
    this.#observer.dropped('overload', 1, { source: arrival.source, hardware });
  };

  /** Notes what a message shows of other servers and of its sender. Its own decision may rest on that. */
  #learn({ message, client, sender }: PendingMessage): void {
    const { type, serverIdentifier, requestedAddress, hardware } = message;
    if (type === 'DHCPDISCOVER') this.#parts.serverState.noteDiscover(sender);
    if (type !== 'DHCPREQUEST' || requestedAddress === undefined) return;
    if (serverIdentifier === undefined) this.#parts.serverState.noteReboot(requestedAddress, hardware);
    else this.#parts.serverState.noteRequest(serverIdentifier, requestedAddress, client, hardware);
  }

  /** Decides what has become ready outside a round. */
  readonly #decideReady = (when: 'now' | 'after-reading'): void => {
    if (this.#isStopping || !this.#steps.hasReady) return; // A round has decided it meanwhile.
    // While the process was busy, a rival may have come that is still in the sockets: timers run before they are read.
    const reads = when === 'after-reading' || this.#parts.pace?.isBusy === true;
    if (reads && this.#arenas.length > 0) {
      this.receive();
      return;
    }
    this.#begin();
    this.#end([]);
  };

  #begin(): void {
    this.#isInRound = true;
    this.#steps.readClock();
  }

  #end(arenas: readonly Arena[]): void {
    this.#steps.decideReady();
    this.#steps.send();
    this.#isInRound = false;
    if (this.#steps.hasCommit) void this.#commit(arenas);
    else this.#rest(arenas);
  }

  /** Commits the changes of the round, then those of what became ready by that, until there are none. Never rejects. */
  async #commit(arenas: readonly Arena[]): Promise<void> {
    this.#underWay += 1;
    while (this.#steps.hasCommit) {
      const commit = this.#steps.takeCommit();
      const isLong = takesLong(commit);
      if (isLong) await this.#wakeUps.untilRead();
      const begun = this.#parts.timings === undefined ? 0 : this.#parts.clock.monotonic();
      const outcomes = await this.#outcomesOf(commit);
      if (isLong) await this.#wakeUps.untilRead();
      this.#begin();
      if (commit.changes.length > 0)
        this.#parts.timings?.committed(this.#steps.monotonic - begun, commit.changes.length);
      this.#steps.endCommit(commit, outcomes); // 'committed' answers, 'conflict' decides again; the rest is silence.
      this.#steps.decideReady();
      this.#steps.send();
      this.#isInRound = false;
    }
    this.#underWay -= 1;
    this.#rest(arenas);
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

  #rest(arenas: readonly Arena[]): void {
    this.#arenas.push(...arenas);
    if (this.#underWay > 0) return;
    if (this.#isStopping) this.#whenStopped();
    else if (this.#isDrained) this.#parts.store.idle(this.#parts.clock.now());
  }

  #fill(arena: Arena, isAgain: boolean): Batch {
    try {
      const batch = this.#parts.transport.receive(arena, isAgain);
      this.#isDrained = batch.drained;
      this.#received += batch.datagrams.length;
      for (const { arrival } of batch.datagrams) if (cameBySocket(arrival)) this.#broadcasts += 1;
      return batch;
    } catch (error) {
      this.#observer.broken(error);
      return { arena, datagrams: [], drained: false };
    }
  }

  /** Drops all of them if this gateway stood still while they lay in the sockets: their senders have asked again. */
  #fresh({ datagrams, drained }: Batch): readonly Datagram[] {
    const { monotonic } = this.#steps;
    const areStale = this.#arrivals.areStale(monotonic);
    this.#arrivals.read(monotonic, datagrams.length, drained, this.#parts.store.leases.revision);
    if (!areStale || datagrams.length === 0) return datagrams;
    this.#observer.dropped('stale', datagrams.length);
    this.#parts.serverState.noteGap();
    return [];
  }
}

/** True for a broadcast that the UDP sockets have received, not the sentinel. */
function cameBySocket({ via, frameSource }: Arrival): boolean {
  return via === 'broadcast' && frameSource === undefined;
}
