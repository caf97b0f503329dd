import type { WeakAnswer } from '../engine/decision/decision.ts';
import type { ProbeDone, Prober } from '../exchange/parts/exchange-parts.ts';
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
interface Probe {
  /** The machine that wants the address. */
  readonly own: HardwareAddress;
  /** That machine itself has answered. */
  ownAnswered: boolean;
  readonly done: ProbeDone;
  cancelTimer: () => void;
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
  readonly probes: Set<Probe>;
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
export class ArpProber implements Prober {
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
    const probe: Probe = { own, ownAnswered: false, done, cancelTimer: () => {} };
    probe.cancelTimer = this.#clock.after(milliseconds, () => this.#conclude(address, inquiry, probe));
    inquiry.probes.add(probe);
    this.#open += 1;
    // Earlier probes of the address send no more requests: an answer to one of these counts for all probes.
    inquiry.cancelRequests();
    inquiry.cancelRequests = this.#request(address, inquiry, milliseconds / REQUESTS);
    return () => this.#close(address, inquiry, probe);
  }

  /**
   * Asks for an operator: who answers for the address; undefined: nobody does. no-arp: nobody can be asked by ARP. too-many: so
   * many addresses are asked for now that this one is not.
   *
   * @param milliseconds How long an answer is waited for.
   */
  ask(address: Ipv4, milliseconds: number): Promise<HardwareAddress | undefined | 'no-arp' | 'too-many'> {
    if (!this.#arp.canAsk) return Promise.resolve('no-arp');
    return new Promise((resolve) => {
      if (this.probe(address, NO_HARDWARE, milliseconds, resolve) === 'too-many') resolve('too-many');
    });
  }

  /** Sends the first request now and the others later. Returns a function that stops them. */
  #request(address: Ipv4, inquiry: Inquiry, intervalMilliseconds: number): () => void {
    let sent = 0;
    let cancel = () => {};
    const send = () => {
      sent += 1;
      if (sent < REQUESTS) cancel = this.#clock.after(intervalMilliseconds, send);
      inquiry.requests += 1;
      this.#arp.ask(address);
    };
    send();
    return () => cancel();
  }

  #hear(address: Ipv4, holder: HardwareAddress): void {
    const inquiry = this.#inquiries.get(address);
    if (inquiry === undefined) return;
    const others: Probe[] = [];
    for (const probe of inquiry.probes) {
      if (probe.own === holder) probe.ownAnswered = true;
      else others.push(probe);
    }
    if (others.length === 0) return;
    const first = inquiry.heard.get(holder);
    const weight = this.#weigh(address, holder);
    const isRepeated = first !== undefined && first < inquiry.requests;
    if (weight === 'certain' || (weight === 'once' && isRepeated)) {
      for (const probe of others) this.#end(address, inquiry, probe, holder);
    } else if (first === undefined) remember(inquiry, holder);
  }

  /** The time of a probe is over, and nothing was certain. */
  #conclude(address: Ipv4, inquiry: Inquiry, probe: Probe): void {
    const others = [...inquiry.heard.keys()].filter((holder) => holder !== probe.own);
    const believed = others.filter((holder) => this.#weigh(address, holder) === 'once');
    const [once] = believed;
    if (once !== undefined && believed.length < CONTRADICTION) {
      this.#end(address, inquiry, probe, once, 'once');
      return;
    }
    const own = probe.ownAnswered ? probe.own : undefined;
    this.#end(address, inquiry, probe, own, others.length > 0 ? 'doubtful' : undefined);
  }

  #end(
    address: Ipv4,
    inquiry: Inquiry,
    probe: Probe,
    holder: HardwareAddress | undefined,
    weak?: WeakAnswer,
  ): void {
    this.#close(address, inquiry, probe);
    probe.done(holder, weak);
  }

  /** Ends the requests too, if no other probe of the address is open. */
  #close(address: Ipv4, inquiry: Inquiry, probe: Probe): void {
    probe.cancelTimer();
    if (!inquiry.probes.delete(probe)) return;
    this.#open -= 1;
    if (inquiry.probes.size > 0) return;
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
  return { probes: new Set(), requests: 0, heard: new Map(), cancelRequests: () => {} };
}
