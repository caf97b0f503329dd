import type { Clock } from '../lease/clock.ts';
import type { Ipv4 } from '../net/ipv4.ts';
import type { SegmentArp } from '../transport/transport.ts';

/** All addresses that may be gateways are asked for by ARP so often, and one that a client names is asked for soon: milliseconds. */
const LAP_INTERVAL = 60_000;
const WANTED_INTERVAL = 1000;
/**
 * How often an address is asked for until it answers. This is done for each at the start and after a break, and for one that a
 * client names or that has answered before.
 */
const ATTEMPTS = 3;
/** One that is there has answered within this time: milliseconds. */
export const LATELY = 130_000;
/** After such a gap between two beats the process stood still, and has heard nobody meanwhile: milliseconds. */
const STALL = 4000;
/** A lap asks for so many addresses at most. Those that clients name are asked for in any case. */
export const LAP_LIMIT = 64;

/**
 * Which of the addresses that may be gateways are on the segment, by ARP. Anybody can name a gateway in a DHCPREQUEST: one
 * that nothing shows is not there.
 */
export class FoundGateways {
  readonly #clock: Pick<Clock, 'monotonic'>;
  /** Undefined: the sockets are not open. */
  #arp: Pick<SegmentArp, 'canAsk' | 'ask'> | undefined;
  /** When each answered last: monotonic milliseconds. */
  readonly #foundAt = new Map<Ipv4, number>();
  /** Those that clients have named and that have not answered: how often each is still asked for. */
  readonly #wanted = new Map<Ipv4, number>();
  #lapAt = Number.NEGATIVE_INFINITY;
  #wantedAskedAt = Number.NEGATIVE_INFINITY;
  #beatAt = Number.NEGATIVE_INFINITY;
  #askedSince: number | undefined;
  /** Those that the last lap has asked for. */
  #lap: ReadonlySet<Ipv4> = new Set();

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /** False: without ARP nobody can be found, and whoever is named has to be believed. */
  get canFind(): boolean {
    return this.#arp?.canAsk === true;
  }

  /** The sockets are open: all are asked for at the next `beat`. */
  begin(arp: Pick<SegmentArp, 'canAsk' | 'ask'>): void {
    this.#arp = arp;
    this.#askedSince = undefined;
    this.#wantedAskedAt = Number.NEGATIVE_INFINITY;
  }

  /** When it answered last: monotonic milliseconds. Undefined: it has not. */
  foundAt(gateway: Ipv4): number | undefined {
    return this.#foundAt.get(gateway);
  }

  /**
   * Since when this one is asked for without a break: monotonic milliseconds. Undefined: it is not asked for, or nobody can be
   * asked now, so its silence tells nothing.
   */
  askedSince(gateway: Ipv4): number | undefined {
    return this.#lap.has(gateway) ? this.#askedSince : undefined;
  }

  /** True: it has answered lately. */
  isThere(gateway: Ipv4): boolean {
    const foundAt = this.#foundAt.get(gateway);
    return foundAt !== undefined && this.#clock.monotonic() - foundAt < LATELY;
  }

  /** Those of some addresses that have answered lately. */
  among(addresses: ReadonlySet<Ipv4>): readonly Ipv4[] {
    return [...addresses].filter((each) => this.isThere(each));
  }

  /** It has answered at this time: monotonic milliseconds. */
  note(gateway: Ipv4, at: number): void {
    this.#foundAt.set(gateway, Math.max(at, this.#foundAt.get(gateway) ?? at));
    this.#wanted.delete(gateway);
  }

  /** A client has named it, and it is not known to be there: it is asked for now, and some times more. */
  want(gateway: Ipv4): void {
    if (this.#wanted.has(gateway)) return;
    this.#wanted.set(gateway, ATTEMPTS - 1);
    this.#arp?.ask(gateway);
  }

  /**
   * Twice a second.
   *
   * @param known The addresses that may be gateways.
   * @param isConnected False: what is asked reaches nobody.
   */
  beat(known: ReadonlySet<Ipv4>, isConnected = true): void {
    const now = this.#clock.monotonic();
    this.#noteBreak(now, isConnected);
    if (now - this.#wantedAskedAt >= WANTED_INTERVAL) this.#askWanted(now);
    if (now - this.#lapAt < LAP_INTERVAL) return;
    const isFirst = this.#lapAt === Number.NEGATIVE_INFINITY;
    this.#lapAt = now;
    this.#wanted.clear();
    const isFound = (gateway: Ipv4) => this.#foundAt.has(gateway);
    const [found, others] = [[...known].filter(isFound), [...known].filter((each) => !isFound(each))];
    const lap = [...found, ...others].slice(0, LAP_LIMIT);
    this.#lap = new Set(lap);
    for (const gateway of lap) {
      if (isFirst || isFound(gateway)) this.#wanted.set(gateway, ATTEMPTS - 1);
      this.#arp?.ask(gateway);
    }
  }

  /** After a break (nobody can be asked, or the process stood still) all are asked for at once. */
  #noteBreak(now: number, isConnected: boolean): void {
    const hasStalled = now - this.#beatAt > STALL;
    this.#beatAt = now;
    if (!(isConnected && this.canFind)) {
      this.#askedSince = undefined;
      return;
    }
    if (this.#askedSince !== undefined && !hasStalled) return;
    this.#askedSince = now;
    this.#lapAt = Number.NEGATIVE_INFINITY;
  }

  #askWanted(now: number): void {
    this.#wantedAskedAt = now;
    for (const [gateway, left] of this.#wanted) {
      if (left === 0) continue;
      this.#wanted.set(gateway, left - 1);
      this.#arp?.ask(gateway);
    }
  }
}
