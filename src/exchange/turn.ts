import type { Decision } from '../engine/decision.ts';
import { type ClientKey, senderKeyOf } from '../lease/client-key.ts';
import type { Version } from '../lease/lease.ts';
import type { LeaseChange } from '../lease/lease-view.ts';
import type { Arrival } from '../net/datagram.ts';
import type { HardwareAddress } from '../net/hardware-address.ts';
import type { Ipv4 } from '../net/ipv4.ts';
import type { Outcome } from '../store/lease-store.ts';
import type { Message } from '../wire/message.ts';
import { STALE_AFTER } from './arrivals.ts';
import type { Order } from './order.ts';

const NO_ANSWERS: ReadonlyMap<Ipv4, HardwareAddress | undefined> = new Map();
const NO_ADDRESSES: readonly Ipv4[] = [];
const NO_TURNS: readonly Turn[] = [];

/** One thing on its way through the exchange: a datagram, or an order. */
export class Turn {
  /** Who sent it, before clones are told apart; undefined for an order. */
  readonly client: ClientKey | undefined;
  /**
   * Where it queues: one machine's messages behind each other, and never those of another machine that shares its
   * identifier. Undefined for an order, which waits for the client of its change alone.
   */
  readonly sender: ClientKey | undefined;
  /** Undefined for an order. Over an arena until the turn has to stay, then over the slab. */
  message: Message | undefined;
  readonly arrival: Arrival | undefined;
  readonly order: Order | undefined;
  /** The store's revision when the datagram was read; its own predecessor's commit moves it up. */
  revision: Version;
  /** When it was read, or as much later as it was meant to wait for the segment: monotonic milliseconds. */
  since: number;
  /** When it was decided last: monotonic milliseconds. */
  decidedAt = 0;
  /** Commits that ended in deciding again. */
  attempts = 0;
  waits = 0;
  /** A wait that asks nobody is over. */
  waited = false;
  /** How often it found no address and was kept for the sweep. */
  sweeps = 0;
  answers = NO_ANSWERS;
  /** When the segment answered last: monotonic milliseconds. */
  answeredAt = 0;
  decision: Decision | undefined;
  change: LeaseChange | undefined;
  /** Of the last decision's change, when the turn is over. */
  outcome: Outcome | undefined;

  // What `Waiting` notes about it.
  /** Its slot in the slab; -1: none. */
  slot = -1;
  /** The client of its change while that is being committed. */
  claimed: ClientKey | undefined;
  addresses = NO_ADDRESSES;
  followers = NO_TURNS;
  /** Ends its wait. */
  cancel: (() => void) | undefined;
  #isSettled = false;

  constructor(
    client: ClientKey | undefined,
    message: Message | undefined,
    arrival: Arrival | undefined,
    revision: Version,
    since: number,
    order?: Order,
  ) {
    this.client = client;
    this.sender = client && message && senderKeyOf(client, message);
    this.message = message;
    this.arrival = arrival;
    this.order = order;
    this.revision = revision;
    this.since = since;
  }

  /** Whether it is too old to go on, by when it was read or decided; an order never is. */
  isStale(since: number, now: number): boolean {
    return this.order === undefined && now - since > STALE_AFTER;
  }

  /** What the segment has answered is forgotten: it may not be so any more. */
  forgetAnswers(): void {
    this.answers = NO_ANSWERS;
  }

  /** Tells an order what became of it, once. */
  settle(outcome: Outcome | 'nothing'): void {
    if (this.order === undefined || this.#isSettled) return;
    this.#isSettled = true;
    this.order.done(outcome);
  }

  /** It is over: what it held is not kept alive by whoever still knows it. */
  release(): void {
    this.message = undefined;
    this.decision = undefined;
    this.change = undefined;
    this.forgetAnswers();
  }
}
