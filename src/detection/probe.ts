import type { Prober } from '../exchange/exchange-parts.ts';
import type { Clock } from '../lease/clock.ts';
import { type HardwareAddress, NO_HARDWARE } from '../net/hardware-address.ts';
import type { Ipv4 } from '../net/ipv4.ts';
import type { SegmentArp } from '../transport/transport.ts';

/** ARP requests in one probe, spread over its time, since one may be lost. */
const REQUESTS = 3;
/** Probes that may be open at once: those of some 7,000 clients a second where one takes 0.3 s. */
const PROBE_LIMIT = 2048;

type Done = (holder: HardwareAddress | undefined) => void;

/** One open probe, for one machine. */
interface Asker {
  readonly own: HardwareAddress;
  /** The machine itself has answered. */
  ownAnswered: boolean;
  readonly end: Done;
}

/** Called for ARP messages. */
export interface ArpListeners {
  /** False: ignore this answer. Called only for answers. */
  readonly accepts?: (address: Ipv4, holder: HardwareAddress) => boolean;
  /** Called for each ARP message that names a holder, for any address; before the message counts as an answer. */
  readonly onHolder?: (address: Ipv4, holder: HardwareAddress) => void;
}

/** All open probes of one address. */
interface Inquiry {
  readonly askers: Set<Asker>;
  cancelRequests: () => void;
}

/**
 * Asks the segment by ARP who holds an address (RFC 826). Every ARP message of a machine that has the address is an answer.
 * An answer of the machine that wants the address does not end the probe: another holder may answer later.
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

  /** The number of open probes. */
  get open(): number {
    return this.#open;
  }

  probe(address: Ipv4, own: HardwareAddress, milliseconds: number, done: Done): (() => void) | 'too-many' {
    if (this.#open >= PROBE_LIMIT) return 'too-many';
    if (!this.#arp.canAsk) return this.#clock.after(0, () => done(undefined));

    const inquiry = this.#inquiries.get(address) ?? { askers: new Set(), cancelRequests: () => {} };
    this.#inquiries.set(address, inquiry);
    const cancelTimer = this.#clock.after(milliseconds, () => asker.end(asker.ownAnswered ? own : undefined));
    const close = () => {
      cancelTimer();
      this.#leave(address, inquiry, asker);
    };
    const end: Done = (holder) => {
      close();
      done(holder);
    };
    const asker: Asker = { own, ownAnswered: false, end };
    inquiry.askers.add(asker);
    this.#open += 1;
    inquiry.cancelRequests();
    inquiry.cancelRequests = this.#request(address, milliseconds / REQUESTS);
    return close;
  }

  /**
   * Asks for an operator: who answers for the address; undefined: nobody does. no-arp: nobody can be asked now.
   *
   * @param milliseconds How long an answer is waited for.
   */
  ask(address: Ipv4, milliseconds: number): Promise<HardwareAddress | undefined | 'no-arp'> {
    if (!this.#arp.canAsk) return Promise.resolve('no-arp');
    return new Promise((resolve) => {
      if (this.probe(address, NO_HARDWARE, milliseconds, resolve) === 'too-many') resolve('no-arp');
    });
  }

  /** Sends the first request now and the others later. Returns a function that stops them. */
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
      if (asker.own === holder) asker.ownAnswered = true;
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
