import type { WeakAnswer } from '../engine/decision/decision.ts';
import type { ProbeDone, Prober } from '../exchange/exchange-parts.ts';
import type { Clock } from '../lease/clock.ts';
import { type HardwareAddress, NO_HARDWARE } from '../net/hardware-address.ts';
import type { Ipv4 } from '../net/ipv4.ts';
import type { ArpSpeech } from '../transport/linux/arp.ts';
import type { SegmentArp } from '../transport/transport.ts';

/** ARP requests in one probe, spread over its time, since one may be lost. */
const REQUESTS = 3;
/** Probes that may be open at once: those of some 7,000 clients a second where one takes 0.3 s. */
const PROBE_LIMIT = 2048;

/** So many machines that have each answered once, for one address, contradict each other. */
const CONTRADICTION = 3;
/** Machines that one inquiry remembers, so that one that has the address is heard again among many that have not. */
const HEARD_LIMIT = 32;

/** One open probe, for one machine. */
interface Asker {
  readonly own: HardwareAddress;
  /** The machine itself has answered. */
  ownAnswered: boolean;
  readonly end: ProbeDone;
}

/** Called for ARP messages. */
export interface ArpListeners {
  /** What it is worth that this machine was heard at an address that is probed. By default it is certain. */
  readonly weigh?: (address: Ipv4, holder: HardwareAddress) => WeakAnswer | 'certain';
  /** Called for each ARP message that names a holder, for any address; before the message counts as an answer. */
  readonly onHolder?: (address: Ipv4, holder: HardwareAddress, speech: ArpSpeech) => void;
}

/** All open probes of one address. */
interface Inquiry {
  readonly askers: Set<Asker>;
  /** Requests that were sent so far. */
  requests: number;
  /** Who was heard, and after which request first. */
  readonly heard: Map<HardwareAddress, number>;
  cancelRequests: () => void;
}

/**
 * Asks the segment by ARP who holds an address (RFC 826). Every ARP message of a machine that has the address is an answer.
 * A machine that answers two of the requests has the address for certain, unless it is one of those that are not believed;
 * that ends the probe. An answer of the machine that wants the address does not: another holder may answer later.
 */
export class Probe implements Prober {
  readonly #arp: SegmentArp;
  readonly #clock: Clock;
  readonly #weigh: NonNullable<ArpListeners['weigh']>;
  readonly #inquiries = new Map<Ipv4, Inquiry>();
  #open = 0;

  constructor(
    arp: SegmentArp,
    clock: Clock,
    { weigh = () => 'certain', onHolder = () => {} }: ArpListeners = {},
  ) {
    this.#arp = arp;
    this.#clock = clock;
    this.#weigh = weigh;
    arp.onHeard((address, holder, speech) => {
      onHolder(address, holder, speech);
      this.#hear(address, holder);
    });
  }

  /** The number of open probes. */
  get open(): number {
    return this.#open;
  }

  probe(
    address: Ipv4,
    own: HardwareAddress,
    milliseconds: number,
    done: ProbeDone,
  ): (() => void) | 'too-many' {
    if (this.#open >= PROBE_LIMIT) return 'too-many';
    if (!this.#arp.canAsk) return this.#clock.after(0, () => done(undefined));

    const inquiry = this.#inquiries.get(address) ?? newInquiry();
    this.#inquiries.set(address, inquiry);
    const cancelTimer = this.#clock.after(milliseconds, () => this.#conclude(address, inquiry, asker));
    const close = () => {
      cancelTimer();
      this.#leave(address, inquiry, asker);
    };
    const end: ProbeDone = (holder, weak) => {
      close();
      if (weak === undefined) done(holder);
      else done(holder, weak);
    };
    const asker: Asker = { own, ownAnswered: false, end };
    inquiry.askers.add(asker);
    this.#open += 1;
    inquiry.cancelRequests();
    inquiry.cancelRequests = this.#request(address, inquiry, milliseconds / REQUESTS);
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
  #request(address: Ipv4, inquiry: Inquiry, interval: number): () => void {
    let sent = 0;
    let cancel = () => {};
    const send = () => {
      sent += 1;
      if (sent < REQUESTS) cancel = this.#clock.after(interval, send);
      inquiry.requests += 1;
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
    if (strangers.length === 0) return;
    const first = inquiry.heard.get(holder);
    const weight = this.#weigh(address, holder);
    const isRepeated = first !== undefined && first < inquiry.requests;
    if (weight === 'certain' || (weight === 'once' && isRepeated)) {
      for (const asker of strangers) asker.end(holder);
    } else if (first === undefined) remember(inquiry, holder);
  }

  /** The time of an asker is over, and nothing was certain. */
  #conclude(address: Ipv4, { heard }: Inquiry, asker: Asker): void {
    const others = [...heard.keys()].filter((holder) => holder !== asker.own);
    const believed = others.filter((holder) => this.#weigh(address, holder) === 'once');
    const [once] = believed;
    if (once !== undefined && believed.length < CONTRADICTION) asker.end(once, 'once');
    else asker.end(asker.ownAnswered ? asker.own : undefined, others.length > 0 ? 'doubtful' : undefined);
  }

  #leave(address: Ipv4, inquiry: Inquiry, asker: Asker): void {
    if (!inquiry.askers.delete(asker)) return;
    this.#open -= 1;
    if (inquiry.askers.size > 0) return;
    inquiry.cancelRequests();
    if (this.#inquiries.get(address) === inquiry) this.#inquiries.delete(address);
  }
}

/** Who was heard first gives way. */
function remember({ heard, requests }: Inquiry, holder: HardwareAddress): void {
  heard.set(holder, requests);
  if (heard.size <= HEARD_LIMIT) return;
  for (const oldest of heard.keys()) {
    heard.delete(oldest);
    return;
  }
}

function newInquiry(): Inquiry {
  return { askers: new Set(), requests: 0, heard: new Map(), cancelRequests: () => {} };
}
