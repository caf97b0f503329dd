import type { ClientKey } from '../../lease/client-key.ts';
import { UNSPECIFIED } from '../../net/ipv4.ts';
import type { Message } from '../../wire/message.ts';
import type { PendingMessage } from '../pending/pending.ts';
import { RecentSenders } from './recent-senders.ts';

/** Milliseconds without a moment in which the sockets were empty, after which this gateway has more to do than it can. */
const OVERLOADED_AFTER = 500;
/** Messages of strangers that one round decides at most under overload. */
const LIMIT = {
  /** When the overload begins. */
  first: 64,
  /** It is halved after each round that has not emptied the sockets, down to this. */
  least: 16,
  /** So many more after each round that has emptied them. */
  growth: 4,
  /** From so many on the overload is over. */
  over: 512,
} as const;

/** With fewer datagrams in a round all of them are decided in their order: it makes no difference. */
const FEW = 16;
const REQUESTS = 1;
const DISCOVERS = 2;

/**
 * The messages that one round has read, in the order in which they are decided: who has an address first, then who asks for
 * one that it was offered, then DHCPDISCOVERs of clients with a binding, then the others. The messages of one sender stay in
 * their order. To be used again for each round.
 *
 * Under overload messages of strangers are shed, of whatever type, for any can be invented. A stranger is a client without a
 * binding, unless it sends a DHCPREQUEST after a DHCPDISCOVER that was decided since the sockets were full. What was shed and
 * comes again is decided before what comes for the first time: a flood invents its clients, and an honest one asks again.
 */
export class Precedence {
  readonly #groups: readonly PendingMessage[][] = [[], [], []];
  /** Messages of strangers: of those that were shed before, and of others. */
  readonly #again: PendingMessage[] = [];
  readonly #others: PendingMessage[] = [];
  readonly #shed: RecentSenders;
  /** Whose DHCPDISCOVER was decided. */
  readonly #discovering: RecentSenders;
  /** Since when the sockets have not been empty: monotonic milliseconds. Undefined: they were, when they were read last. */
  #busySince: number | undefined;
  /** Messages of strangers that a round may decide; undefined: all, for there is no overload. */
  #limit: number | undefined;
  #left = 0;
  #monotonic = 0;
  #isSorting = false;
  /** The last group that a sender has a message in. Senders with messages in group 0 alone are not here. */
  readonly #senders = new Map<ClientKey, number>();

  /** `seed`: of 32 bits, and known to no client. */
  constructor(seed: number) {
    this.#shed = new RecentSenders(seed);
    this.#discovering = new RecentSenders(seed);
  }

  /** To be called when the sockets were read. `count`: of datagrams. `isDrained`: they are empty now. */
  begin(monotonic: number, count: number, isDrained: boolean): void {
    this.#isSorting = count >= FEW;
    if (this.#senders.size > 0) this.#senders.clear();
    this.#monotonic = monotonic;
    if (isDrained) this.#breathe();
    else this.#press(monotonic);
    this.#left = this.#limit ?? Number.POSITIVE_INFINITY;
  }

  add(pending: PendingMessage): void {
    this.#groups[this.#isSorting ? this.#groupOf(pending) : 0]?.push(pending);
  }

  /** Calls `decide` with each message in its order; or `shed`: under overload, for strangers' beyond the first ones. */
  forEach(
    isKnown: (pending: PendingMessage) => boolean,
    decide: (pending: PendingMessage) => void,
    shed: (pending: PendingMessage) => void,
  ): void {
    for (let index = 0; index < this.#groups.length; index += 1) {
      const group = this.#groups[index] ?? [];
      for (const pending of group) {
        const isFirst = this.#limit === undefined ? index < DISCOVERS : this.#isExpected(index, pending);
        if (isFirst || isKnown(pending)) this.#pass(pending, decide);
        else if (this.#hasComeAgain(pending)) this.#again.push(pending);
        else this.#others.push(pending);
      }
      group.length = 0;
    }
    this.#passStrangers(this.#again, decide, shed);
    this.#passStrangers(this.#others, decide, shed);
  }

  #passStrangers(
    strangers: PendingMessage[],
    decide: (pending: PendingMessage) => void,
    shed: (pending: PendingMessage) => void,
  ): void {
    for (const pending of strangers) {
      this.#left -= 1;
      if (this.#left >= 0) this.#pass(pending, decide);
      else {
        this.#shed.note(pending.message.hardware, this.#monotonic);
        shed(pending);
      }
    }
    strangers.length = 0;
  }

  /** Who asks while the sockets are emptied in time is not noted: its DHCPREQUEST comes before there is an overload. */
  #pass(pending: PendingMessage, decide: (pending: PendingMessage) => void): void {
    const isBusy = this.#busySince !== undefined || this.#limit !== undefined;
    if (isBusy && pending.message.type === 'DHCPDISCOVER')
      this.#discovering.note(pending.message.hardware, this.#monotonic);
    decide(pending);
  }

  #isExpected(group: number, { message }: PendingMessage): boolean {
    return group === REQUESTS && this.#discovering.has(message.hardware, this.#monotonic);
  }

  /** Without overload nothing is shed, and the order among strangers is that of their arrival. */
  #hasComeAgain({ message }: PendingMessage): boolean {
    return this.#limit !== undefined && this.#shed.has(message.hardware, this.#monotonic);
  }

  #breathe(): void {
    this.#busySince = undefined;
    if (this.#limit === undefined) return;
    const limit = this.#limit + LIMIT.growth;
    this.#limit = limit >= LIMIT.over ? undefined : limit;
  }

  #press(monotonic: number): void {
    this.#busySince ??= monotonic;
    if (this.#limit !== undefined) this.#limit = Math.max(LIMIT.least, this.#limit >>> 1);
    else if (monotonic - this.#busySince > OVERLOADED_AFTER) this.#limit = LIMIT.first;
  }

  #groupOf({ message, sender }: PendingMessage): number {
    const own = groupOf(message);
    const group = this.#senders.size === 0 ? own : Math.max(own, this.#senders.get(sender) ?? 0);
    if (group > 0) this.#senders.set(sender, group);
    return group;
  }
}

function groupOf({ type, ciaddr }: Message): number {
  switch (type) {
    case 'DHCPDISCOVER':
      return DISCOVERS;
    case 'DHCPREQUEST':
      return ciaddr === UNSPECIFIED ? REQUESTS : 0;
    default:
      return 0;
  }
}
