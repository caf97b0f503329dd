import type { PastProbe, WeakAnswer } from '../../engine/decision/decision.ts';
import { type ClientKey, senderKeyOf } from '../../lease/client-key.ts';
import type { Version } from '../../lease/lease.ts';
import type { Arrival } from '../../net/datagram.ts';
import type { HardwareAddress } from '../../net/hardware-address.ts';
import type { Ipv4 } from '../../net/ipv4.ts';
import type { Message } from '../../wire/message.ts';
import type { DecisionOutcome } from '../observer/observer.ts';
import type { Order } from '../parts/order.ts';
import type { Waiting } from './pending-state.ts';
import { Transitions } from './transitions.ts';

/**
 * Milliseconds after which a message is neither decided nor answered: its client has sent it again by then (RFC 2131
 * §4.1).
 */
export const STALE_AFTER = 4000;

/** What a message has met while it waited. Kept over its states, for its next decision; most messages meet nothing. */
export interface WaitHistory {
  /** Who answered for each address that was probed for it; undefined: nobody. */
  readonly answers: ReadonlyMap<Ipv4, HardwareAddress | undefined>;
  /** How each of them was probed. */
  readonly probes: ReadonlyMap<Ipv4, PastProbe>;
  /** When the last answer came: monotonic milliseconds. */
  readonly answeredAt: number;
  /** A pause is over. */
  readonly hasPaused: boolean;
  /** The gateway that it was left to. */
  readonly leftTo: Ipv4 | undefined;
  /** Probes and pauses. */
  readonly waits: number;
  /** How long they took, as far as they were meant to: milliseconds. */
  readonly waited: number;
  /** Its DHCPACK was not sent, as another machine was heard at the address while the lease was stored. */
  readonly isWithheld: boolean;
  /** How often it was kept because expired leases were being freed. */
  readonly sweeps: number;
}

/** What came of a wait. */
export interface WaitResult {
  /** Who has answered for the address; undefined: nobody has, or nobody was asked. */
  readonly answer: HardwareAddress | undefined;
  /** How weak that is; undefined: it is certain, or nobody has answered. */
  readonly weak: WeakAnswer | undefined;
  /** Monotonic milliseconds. */
  readonly endedAt: number;
  /** The gateway that the message was left to meanwhile. */
  readonly leftTo?: Ipv4 | undefined;
  /** Milliseconds, without what it took longer than it was meant to: that makes the message older. */
  readonly took: number;
}

const NO_ANSWERS: WaitHistory['answers'] = new Map();
const NO_PROBES: WaitHistory['probes'] = new Map();
const NO_PAST: WaitHistory = {
  answers: NO_ANSWERS,
  probes: NO_PROBES,
  answeredAt: 0,
  hasPaused: false,
  leftTo: undefined,
  waits: 0,
  waited: 0,
  isWithheld: false,
  sweeps: 0,
};

/** A datagram on its way. */
export class PendingMessage extends Transitions {
  /** Before machines that share a client identifier are told apart. */
  readonly client: ClientKey;
  /**
   * One machine. Its messages are decided one after the other; machines that share a client identifier do not wait for
   * each other.
   */
  readonly sender: ClientKey;
  readonly arrival: Arrival;
  /** Monotonic milliseconds. */
  readonly readAt: number;
  /** The number of the buffer that the message lies in; -1: it lies in the arena that it was read into. */
  buffer = -1;
  #message: Message | undefined;
  #readRevision: Version;
  #past = NO_PAST;

  constructor(client: ClientKey, message: Message, arrival: Arrival, readRevision: Version, readAt: number) {
    super();
    this.client = client;
    this.sender = senderKeyOf(client, message);
    this.arrival = arrival;
    this.readAt = readAt;
    this.#message = message;
    this.#readRevision = readRevision;
  }

  /** @throws if the message is over: its bytes may be another one's. */
  get message(): Message {
    if (this.#message === undefined) throw new Error('a message that is over');
    return this.#message;
  }

  get past(): WaitHistory {
    return this.#past;
  }

  /** The store's revision when the datagram was read, or that of what its own sender has changed since. */
  get readRevision(): Version {
    return this.#readRevision;
  }

  advanceRevision(to: Version): void {
    this.#readRevision = to;
  }

  /** From now on the message is this copy of it, in that buffer. */
  moveTo(message: Message, buffer: number): void {
    this.#message = message;
    this.buffer = buffer;
  }

  /** @param name 'probing': the segment is asked for the address. 'pausing': nobody is asked. */
  beginWait(name: Waiting['name'], address: Ipv4): Waiting {
    const waiting = name === 'probing' ? this.probe(address) : this.pause(address);
    this.#past = { ...this.#past, waits: this.#past.waits + 1 };
    return waiting;
  }

  /** Notes what came of a wait that has ended. */
  noteWait({ name, address }: Waiting, { answer, weak, endedAt, took, leftTo }: WaitResult): void {
    const past = this.#past;
    const isProbe = name === 'probing';
    const count = (past.probes.get(address)?.count ?? 0) + 1;
    this.#past = {
      ...past,
      answeredAt: endedAt,
      waited: past.waited + took,
      hasPaused: past.hasPaused || !isProbe,
      leftTo: leftTo ?? past.leftTo,
      answers: isProbe ? new Map(past.answers).set(address, answer) : past.answers,
      probes: isProbe ? new Map(past.probes).set(address, { count, endedAt, weak }) : past.probes,
    };
  }

  /** It is decided again, or waits once more, when expired leases have been freed. */
  noteSweep(): void {
    this.#past = { ...this.#past, sweeps: this.#past.sweeps + 1 };
  }

  /** Its reply is not sent: the segment is asked anew. */
  noteWithheld(): void {
    this.#past = { ...this.#past, answers: NO_ANSWERS, isWithheld: true };
  }

  /** What the segment has answered may not be so any more. */
  forgetAnswers(): void {
    this.#past = { ...this.#past, answers: NO_ANSWERS };
  }

  override end(): void {
    super.end();
    this.#message = undefined;
  }

  /** True if its client has sent it again by now, so that it is not decided. */
  isTooOld(now: number): boolean {
    return now - this.readAt - this.#past.waited > STALE_AFTER;
  }

  /** True if what was decided so long ago is not acted on any more. */
  isDecisionTooOld(decidedAt: number, now: number): boolean {
    return now - decidedAt > STALE_AFTER;
  }
}

/** An order on its way. It has no sender and no age, is never answered, and may not wait for the segment. */
export class PendingOrder extends Transitions {
  readonly order: Order;
  #isDone = false;

  constructor(order: Order) {
    super();
    this.order = order;
  }

  /** Tells whoever submitted it, once, what became of it. */
  done(outcome: DecisionOutcome): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.order.done(outcome);
  }

  isTooOld(): boolean {
    return false;
  }

  isDecisionTooOld(): boolean {
    return false;
  }
}

export type Pending = PendingMessage | PendingOrder;

export function isDiscover({ message }: PendingMessage): boolean {
  return message.type === 'DHCPDISCOVER';
}

/** True for a DHCPDISCOVER that is left to another gateway for a moment. */
export function isLeft(message: PendingMessage): boolean {
  return message.state.name === 'pausing' && isDiscover(message);
}
