import type { Clock } from '../lease/clock.ts';
import type { Ipv4 } from '../net/ipv4.ts';
import { LATELY } from './found-gateways.ts';

/**
 * Every gateway asks for all others once a minute. Of questions that are closer together than this only the first counts:
 * milliseconds.
 */
const APART = 30_000;
/** Who asks so often in a row, with no longer break than LATELY, is a gateway: nothing else asks in this way. */
const ROW = 3;

interface Asker {
  /** When it asked last: monotonic milliseconds. */
  at: number;
  /** The same of the last question that counts. */
  countedAt: number;
  /** Questions that count, in a row. */
  count: number;
  isGateway: boolean;
}

/**
 * Which addresses ask everybody by ARP for this gateway's address, once a minute, as a gateway does that looks for the others.
 * That shows that a process is at work there: the kernel of its machine answers ARP also when the process was killed.
 */
export class AskingGateways {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #askers = new Map<Ipv4, Asker>();

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /** It has asked for this gateway's address. Call it only for addresses that may be gateways: one entry is kept for each. */
  note(address: Ipv4): void {
    const now = this.#clock.monotonic();
    const asker = this.#askers.get(address);
    if (asker === undefined) {
      this.#askers.set(address, { at: now, countedAt: now, count: 1, isGateway: false });
      return;
    }
    asker.at = now;
    const gap = now - asker.countedAt;
    if (gap < APART) return;
    asker.countedAt = now;
    asker.count = gap < LATELY ? asker.count + 1 : 1;
    asker.isGateway ||= asker.count >= ROW;
  }

  /** When it asked last: monotonic milliseconds. Undefined: it has not. */
  askedAt(address: Ipv4): number | undefined {
    return this.#askers.get(address)?.at;
  }

  /** True: it has asked as a gateway does. */
  isGateway(address: Ipv4): boolean {
    return this.#askers.get(address)?.isGateway === true;
  }

  /**
   * Call it once a second. Who has not asked as a gateway does is forgotten when its next question begins a new row anyway.
   *
   * @param isOver Whether a gateway is forgotten too.
   * @returns Gateways that were forgotten now.
   */
  check(isOver: (gateway: Ipv4) => boolean): readonly Ipv4[] {
    const now = this.#clock.monotonic();
    const forgotten: Ipv4[] = [];
    for (const [address, { at, isGateway }] of this.#askers) {
      if (isGateway ? !isOver(address) : now - at < LATELY) continue;
      this.#askers.delete(address);
      if (isGateway) forgotten.push(address);
    }
    return forgotten;
  }
}
