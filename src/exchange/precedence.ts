import type { ClientKey } from '../lease/client-key.ts';
import { UNSPECIFIED } from '../net/ipv4.ts';
import type { Message } from '../wire/message.ts';
import type { PendingMessage } from './pending.ts';
import { ShedSenders } from './shed-senders.ts';

/** Milliseconds without a moment in which the sockets were empty, after which this gateway has more to do than it can. */
const OVERLOADED_AFTER = 500;
/**
 * DHCPDISCOVERs of clients without a binding that one round decides at most under overload: at first; at least; so many
 * more after each round that has emptied the sockets; and from so many on it is over.
 */
const LIMIT = { first: 64, least: 16, growth: 4, over: 512 } as const;

/** With fewer datagrams in a round all of them are decided in their order: it makes no difference. */
const FEW = 16;
const DISCOVERS = 2;

/**
 * The messages that one round has read, in the order in which they are decided: who has an address first, then who asks for
 * one that it was offered, then DHCPDISCOVERs of clients with a binding, then the others. The messages of one sender stay in
 * their order. Under overload DHCPDISCOVERs of unknown clients are shed, but rather not of one that was shed before and asks
 * again: a flood invents its clients, and an honest one comes back. To be used again for each round.
 */
export class Precedence {
  readonly #groups: readonly PendingMessage[][] = [[], [], []];
  /** Of the DHCPDISCOVERs those of unknown clients: that were shed before, and others. */
  readonly #again: PendingMessage[] = [];
  readonly #others: PendingMessage[] = [];
  readonly #shedSenders: ShedSenders;
  /** Since when the sockets have not been empty: monotonic milliseconds. Undefined: they were, when they were read last. */
  #busySince: number | undefined;
  /** DHCPDISCOVERs of unknown clients that a round may decide; undefined: all, for there is no overload. */
  #limit: number | undefined;
  #left = 0;
  #monotonic = 0;
  #isSorting = false;
  /** The last group that a sender has a message in; of those that have one in another than the first. */
  readonly #senders = new Map<ClientKey, number>();

  /** `seed`: of 32 bits, and known to no client. */
  constructor(seed: number) {
    this.#shedSenders = new ShedSenders(seed);
  }

  /** To be called when the sockets were read. `count`: of datagrams. `isDrained`: they are empty now. */
  begin(monotonic: number, count: number, isDrained: boolean): void {
    this.#isSorting = count >= FEW;
    this.#senders.clear();
    this.#monotonic = monotonic;
    if (isDrained) this.#breathe();
    else this.#press(monotonic);
    this.#left = this.#limit ?? Number.POSITIVE_INFINITY;
  }

  add(pending: PendingMessage): void {
    this.#groups[this.#isSorting ? this.#groupOf(pending) : 0]?.push(pending);
  }

  /**
   * Calls `decide` with each message in its order, or `shed`: under overload for DHCPDISCOVERs of clients that are not
   * known, beyond the first ones.
   */
  forEach(
    isKnown: (pending: PendingMessage) => boolean,
    decide: (pending: PendingMessage) => void,
    shed: (pending: PendingMessage) => void,
  ): void {
    for (const [index, group] of this.#groups.entries()) {
      for (const pending of group) {
        if (index < DISCOVERS || isKnown(pending)) decide(pending);
        else if (this.#hasComeAgain(pending)) this.#again.push(pending);
        else this.#others.push(pending);
      }
      group.length = 0;
    }
    this.#decideStrangers(this.#again, decide, shed);
    this.#decideStrangers(this.#others, decide, shed);
  }

  #decideStrangers(
    strangers: PendingMessage[],
    decide: (pending: PendingMessage) => void,
    shed: (pending: PendingMessage) => void,
  ): void {
    for (const pending of strangers) {
      if (!isDiscover(pending)) decide(pending);
      else if (this.#left > 0) {
        this.#left -= 1;
        decide(pending);
      } else {
        this.#shedSenders.note(pending.message.hardware, this.#monotonic);
        shed(pending);
      }
    }
    strangers.length = 0;
  }

  /** Asked only under overload: otherwise nothing is shed, and the order among unknown clients is that of their arrival. */
  #hasComeAgain(pending: PendingMessage): boolean {
    return (
      this.#limit !== undefined &&
      isDiscover(pending) &&
      this.#shedSenders.has(pending.message.hardware, this.#monotonic)
    );
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

function isDiscover({ message }: PendingMessage): boolean {
  return message.type === 'DHCPDISCOVER';
}

function groupOf({ type, ciaddr }: Message): number {
  switch (type) {
    case 'DHCPDISCOVER':
      return DISCOVERS;
    case 'DHCPREQUEST':
      return ciaddr === UNSPECIFIED ? 1 : 0;
    default:
      return 0;
  }
}
