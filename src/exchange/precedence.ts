import type { ClientKey } from '../lease/client-key.ts';
import { UNSPECIFIED } from '../net/ipv4.ts';
import type { Message } from '../wire/message.ts';
import type { PendingMessage } from './pending.ts';

/** Milliseconds without a moment in which the sockets were empty, after which this gateway has more to do than it can. */
const OVERLOADED_AFTER = 500;
/** DHCPDISCOVERs of clients without a binding that one round decides at most under overload. */
const DISCOVERS_UNDER_OVERLOAD = 64;

/** With fewer datagrams in a round all of them are decided in their order: it makes no difference. */
const FEW = 16;
const GROUPS = 3;

/**
 * The messages that one round has read, in the order in which they are decided: who has an address first, then who asks for
 * one that it was offered, then DHCPDISCOVERs. The messages of one sender stay in their order. To be used again for each
 * round.
 */
export class Precedence {
  readonly #groups: PendingMessage[][] = Array.from({ length: GROUPS }, () => []);
  /** Since when the sockets have not been empty: monotonic milliseconds. Undefined: they were, when they were read last. */
  #busySince: number | undefined;
  #isLimiting = false;
  #left = 0;
  #isSorting = false;
  /** The last group that a sender has a message in; of those that have one in another than the first. */
  readonly #senders = new Map<ClientKey, number>();

  /** To be called when the sockets were read. `count`: of datagrams. `isDrained`: they are empty now. */
  begin(monotonic: number, count: number, isDrained: boolean): void {
    this.#isSorting = count >= FEW;
    this.#senders.clear();
    if (isDrained) this.#busySince = undefined;
    else this.#busySince ??= monotonic;
    this.#isLimiting = this.#busySince !== undefined && monotonic - this.#busySince > OVERLOADED_AFTER;
    this.#left = DISCOVERS_UNDER_OVERLOAD;
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
    for (const group of this.#groups) {
      for (const pending of group) {
        if (this.#isLimiting && isDiscover(pending) && !isKnown(pending) && this.#isSpent()) shed(pending);
        else decide(pending);
      }
      group.length = 0;
    }
  }

  #groupOf({ message, sender }: PendingMessage): number {
    const own = groupOf(message);
    const group = this.#senders.size === 0 ? own : Math.max(own, this.#senders.get(sender) ?? 0);
    if (group > 0) this.#senders.set(sender, group);
    return group;
  }

  #isSpent(): boolean {
    this.#left -= 1;
    return this.#left < 0;
  }
}

function isDiscover({ message }: PendingMessage): boolean {
  return message.type === 'DHCPDISCOVER';
}

function groupOf({ type, ciaddr }: Message): number {
  switch (type) {
    case 'DHCPDISCOVER':
      return 2;
    case 'DHCPREQUEST':
      return ciaddr === UNSPECIFIED ? 1 : 0;
    default:
      return 0;
  }
}
