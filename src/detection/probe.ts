import type { Prober } from '../exchange/exchange-parts.ts';
import type { Clock } from '../lease/clock.ts';
import type { HardwareAddress } from '../net/hardware-address.ts';
import type { Ipv4 } from '../net/ipv4.ts';
import type { SegmentArp } from '../transport/transport.ts';

/** Requests for one address, spread over the time there is: one may be lost. */
const REQUESTS = 3;
/** Questions that may be open at once. */
const PROBE_LIMIT = 256;

type Done = (holder: HardwareAddress | undefined) => void;

/** One question of one machine. */
interface Asker {
  readonly own: HardwareAddress;
  /** The machine itself has answered. */
  heardOwn: boolean;
  readonly end: Done;
}

/** What else is made of what is heard. */
export interface ArpListeners {
  /** False: this holder's word for an address is as good as none. Asked of answers only. */
  readonly accepts?: (address: Ipv4, holder: HardwareAddress) => boolean;
  /** Told of each holder that is heard, whether the address was asked for or not; before it counts as an answer. */
  readonly onHolder?: (address: Ipv4, holder: HardwareAddress) => void;
}

/** All who ask for one address. */
interface Inquiry {
  readonly askers: Set<Asker>;
  cancelRequests: () => void;
}

/**
 * Asks the segment by ARP who holds an address (RFC 826); whatever names it as its own address is an answer. That of
 * the machine which wants the address ends nothing: another holder, the slower one, is what is being looked for.
 */
export class Probe implements Prober {
  readonly #arp: SegmentArp;
  readonly #clock: Clock;
  readonly #accepts: NonNullable<ArpListeners['accepts']>;
  readonly #inquiries = new Map<Ipv4, Inquiry>();
  #open = 0;

  constructor(
    arp: SegmentArp,
    clock: Clock,
    { accepts = () => true, onHolder = () => {} }: ArpListeners = {},
  ) {
    this.#arp = arp;
    this.#clock = clock;
    this.#accepts = accepts;
    arp.onHeard((address, holder) => {
      onHolder(address, holder);
      this.#hear(address, holder);
    });
  }

  /** Questions that are open. */
  get open(): number {
    return this.#open;
  }

  probe(address: Ipv4, own: HardwareAddress, milliseconds: number, done: Done): (() => void) | 'too-many' {
    if (this.#open >= PROBE_LIMIT) return 'too-many';
    if (!this.#arp.canAsk) return this.#clock.after(0, () => done(undefined));

    const inquiry = this.#inquiries.get(address) ?? { askers: new Set(), cancelRequests: () => {} };
    this.#inquiries.set(address, inquiry);
    const cancelTimer = this.#clock.after(milliseconds, () => asker.end(asker.heardOwn ? own : undefined));
    const close = () => {
      cancelTimer();
      this.#leave(address, inquiry, asker);
    };
    const end: Done = (holder) => {
      close();
      done(holder);
    };
    const asker: Asker = { own, heardOwn: false, end };
    inquiry.askers.add(asker);
    this.#open += 1;
    inquiry.cancelRequests();
    inquiry.cancelRequests = this.#request(address, milliseconds / REQUESTS);
    return close;
  }

  /** Sends the first request now and the others after it; returns what stops them. */
  #request(address: Ipv4, interval: number): () => void {
    let sent = 0;
    let cancel = () => {};
    const send = () => {
      sent += 1;
      if (sent < REQUESTS) cancel = this.#clock.after(interval, send);
      this.#arp.ask(address);
    };
    send();
    return () => cancel();
  }

  #hear(address: Ipv4, holder: HardwareAddress): void {
    const inquiry = this.#inquiries.get(address);
    if (inquiry === undefined) return;
    const strangers: Asker[] = [];
    for (const asker of inquiry.askers) {
      if (asker.own === holder) asker.heardOwn = true;
      else strangers.push(asker);
    }
    if (strangers.length === 0 || !this.#accepts(address, holder)) return;
    for (const asker of strangers) asker.end(holder);
  }

  #leave(address: Ipv4, inquiry: Inquiry, asker: Asker): void {
    if (!inquiry.askers.delete(asker)) return;
    this.#open -= 1;
    if (inquiry.askers.size > 0) return;
    inquiry.cancelRequests();
    if (this.#inquiries.get(address) === inquiry) this.#inquiries.delete(address);
  }
}
