import type { QuietObservations } from '../engine/decision/decision.ts';
import type { Clock } from '../lease/clock.ts';
import type { LeaseView } from '../lease/lease-view.ts';
import type { HardwareAddress } from '../net/hardware-address.ts';
import type { Ipv4 } from '../net/ipv4.ts';
import type { SegmentArp } from '../transport/transport.ts';
import type { QuietAddresses } from './quiet-addresses.ts';

/** An answer to the question beside an offer is waited for so long: milliseconds. */
const ANSWER_TIME = 10;
/** Requests that one beat sends at most of its own accord, and two more for each quiet address that was offered. */
const BURST = 64;
const FOR_EACH_OFFER = 2;
const MOST = 1024;
/** Slots that one beat looks at: on an ordinary day, and while all are asked anew. */
const VISITS = 8;
const HASTY_VISITS = 512;

export interface QuietLapParts {
  readonly arp: Pick<SegmentArp, 'canAsk' | 'ask' | 'hearNow'>;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly leases: Pick<LeaseView, 'revision'>;
  /** Another number whenever something may have been missed, or another gateway has come. */
  epoch(): number;
}

/**
 * Asks the segment by ARP ahead of need, a few addresses with each beat of the server, so that nothing wakes the
 * machine for it. A lap takes some four minutes; after a start, or when something may have been missed, all addresses are
 * asked anew within seconds.
 */
export class QuietLap implements QuietObservations {
  readonly #parts: QuietLapParts;
  #addresses: QuietAddresses | undefined;
  #epoch: number;
  #next = 0;
  /** Slots that are still to be visited in haste. */
  #hasty = 0;
  /** When each address that was offered unasked was asked beside: monotonic milliseconds, the oldest first. */
  readonly #besides = new Map<Ipv4, number>();
  /** Slots whose quiet address was offered since the last beat. */
  #offered: number[] = [];

  constructor(parts: QuietLapParts) {
    this.#parts = parts;
    this.#epoch = parts.epoch();
  }

  /** Follows these addresses from now on; undefined: nothing is asked. */
  follow(addresses: QuietAddresses | undefined): void {
    this.#addresses = this.#parts.arp.canAsk ? addresses : undefined;
    this.#next = 0;
    this.#offered = [];
    this.#hasty = this.#addresses?.slots ?? 0;
  }

  /** Twice a second. */
  beat(): void {
    const addresses = this.#current();
    const now = this.#parts.clock.monotonic();
    this.#forgetAnswered(now);
    if (addresses === undefined) return;
    const offered = this.#offered;
    this.#offered = [];
    let left = Math.min(MOST, BURST + FOR_EACH_OFFER * offered.length);
    for (; left > 0; left -= 1) {
      const address = addresses.takeSecond(now);
      if (address === undefined) break;
      this.#ask(addresses, address, now);
    }
    for (const slot of offered) if (left > 0 && this.#visit(addresses, slot, now)) left -= 1;
    const visits = this.#hasty > 0 ? HASTY_VISITS : VISITS;
    for (let visit = 0; visit < Math.min(visits, addresses.slots) && left > 0; visit += 1) {
      if (this.#visit(addresses, this.#next, now)) left -= 1;
      this.#next = (this.#next + 1) % addresses.slots;
      if (this.#hasty > 0) this.#hasty -= 1;
    }
  }

  isQuiet(address: Ipv4, asker: HardwareAddress): boolean {
    return this.#current()?.isQuiet(address, asker, this.#parts.clock.monotonic()) === true;
  }

  /** How many addresses are quiet now; it looks at some thousands. Undefined: none is asked for. */
  count(): number | undefined {
    return this.#current()?.count(this.#parts.clock.monotonic());
  }

  /** True if it was quiet before it was leased or offered, and nobody was heard there since. */
  isSilent(address: Ipv4): boolean {
    return this.#current()?.isSilent(address, this.#parts.clock.monotonic()) === true;
  }

  find(
    hash: number,
    asker: HardwareAddress,
    limit: number,
    isFit: (address: Ipv4) => boolean,
  ): Ipv4 | undefined {
    return this.#current()?.find(hash, asker, limit, this.#parts.clock.monotonic(), isFit);
  }

  answersDueIn(address: Ipv4): number {
    const askedAt = this.#besides.get(address);
    return askedAt === undefined ? 0 : Math.max(0, askedAt + ANSWER_TIME - this.#parts.clock.monotonic());
  }

  /** A quiet address was offered: it is asked once more. */
  noteOffer(address: Ipv4): void {
    this.#besides.delete(address);
    this.#besides.set(address, this.#parts.clock.monotonic());
    this.#parts.arp.ask(address);
    const slot = this.#addresses?.slotOf(address) ?? -1;
    if (slot >= 0 && this.#offered.length < MOST) this.#offered.push(slot);
  }

  /** Answers to the questions beside offers are read before anything is decided: they may lie in their socket yet. */
  hearAnswers(): void {
    if (this.#besides.size > 0) this.#parts.arp.hearNow?.();
  }

  /** What has arrived is read, whether something was asked or not. */
  hearNow(): void {
    this.#parts.arp.hearNow?.();
  }

  /** A machine has named an address as its own, or would like to have it. */
  hear(address: Ipv4, hardware: HardwareAddress): void {
    this.#addresses?.hear(address, hardware, this.#parts.clock.monotonic());
  }

  /** A client was heard asking another server for an address. */
  claim(address: Ipv4): void {
    this.#addresses?.claim(address, this.#parts.clock.monotonic());
  }

  /** What is known, as far as nothing was missed since. */
  #current(): QuietAddresses | undefined {
    const epoch = this.#parts.epoch();
    if (epoch !== this.#epoch) {
      this.#epoch = epoch;
      this.#addresses?.forget();
      this.#hasty = this.#addresses?.slots ?? 0;
    }
    return this.#addresses;
  }

  /** True: it was asked. */
  #visit(addresses: QuietAddresses, slot: number, now: number): boolean {
    const address = addresses.visit(slot, now, this.#parts.leases.revision);
    if (address === undefined) return false;
    this.#ask(addresses, address, now);
    return true;
  }

  /** What could not be sent has asked nobody. */
  #ask(addresses: QuietAddresses, address: Ipv4, now: number): void {
    if (!this.#parts.arp.ask(address)) addresses.claim(address, now);
  }

  #forgetAnswered(now: number): void {
    for (const [address, askedAt] of this.#besides) {
      if (now - askedAt < ANSWER_TIME) return;
      this.#besides.delete(address);
    }
  }
}
