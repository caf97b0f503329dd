import { hardwareAt } from '../../../src/net/hardware-address.ts';
import {
  ACK,
  NAK,
  OFFER,
  putDiscover,
  putRenewing,
  putSecs,
  putSelecting,
  ReplyReader,
} from '../clients/messages.ts';
import { arpAnswer, askedBy, type Card, replyAt } from './card.ts';

/** RFC 2131 §4.1: four seconds, doubled to 64, each up to a second more or less. */
const FIRST_WAIT = 4000;
const LONGEST_WAIT = 64_000;
const SPREAD = 1000;
/** RFC 2131 §3.1 (5): a DHCPREQUEST is sent so often before the client begins again. */
const REQUESTS = 4;
/** An answer to a renewal that comes later is none: milliseconds. */
const PATIENCE = 4000;

type State = 'off' | 'selecting' | 'requesting' | 'bound';

export interface Holding {
  readonly hardware: number;
  readonly address: number;
}

/** One honest guest with a card of its own, which does what RFC 2131 says. */
export class Guest {
  readonly hardware: number;
  address = 0;
  /** Milliseconds from its first DHCPDISCOVER to its DHCPACK; undefined: it has no lease yet. */
  bootedIn: number | undefined;
  refused = 0;
  renewalsSent = 0;
  renewalsAnswered = 0;
  readonly #card: Card;
  readonly #reply = new ReplyReader();
  #server = { hardware: 0, address: 0 };
  #state: State = 'off';
  #xid = 0;
  #beganAt = 0;
  #tries = 0;
  #timer: NodeJS.Timeout | undefined;
  /** When the renewals under way were sent, by xid. */
  readonly #renewals = new Map<number, number>();
  #onLeased: () => void = () => {};

  constructor(hardware: number, open: (guest: Guest) => Card) {
    this.hardware = hardware;
    this.#card = open(this);
  }

  get holding(): Holding {
    return { hardware: this.hardware, address: this.address };
  }

  get isBound(): boolean {
    return this.#state === 'bound';
  }

  /** From DHCPDISCOVER to DHCPACK, however long it takes. */
  boot(): Promise<void> {
    this.#beganAt = performance.now();
    this.#begin();
    return new Promise((resolve) => {
      this.#onLeased = resolve;
    });
  }

  /** It has this lease already. */
  resume(address: number, server: { readonly hardware: number; readonly address: number }): void {
    this.address = address;
    this.#server = server;
    this.#state = 'bound';
  }

  /** RFC 2131 §4.4.5, RENEWING: once, by unicast. */
  renew(): void {
    if (!this.isBound) return;
    this.renewalsSent += 1;
    const renewal = randomXid();
    this.#renewals.set(renewal, performance.now());
    const envelope = { hardware: this.hardware, source: this.address, server: this.#server };
    this.#card.message(envelope, (view, at) => {
      putRenewing(view, at, renewal, this.hardware, this.address);
    });
    this.#card.flush();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#card.close();
  }

  /** A frame that has come to its card. */
  hear(view: DataView, start: number, end: number): void {
    if (askedBy(view, start, end) === this.address && this.isBound) {
      const asker = hardwareAt(view, start + 22);
      if (asker !== this.hardware) this.#card.frame(arpAnswer(view, start, this.hardware));
      return;
    }
    const at = replyAt(view, start, end);
    if (at === undefined) return;
    this.#reply.read(view, at, end);
    const { type, xid } = this.#reply;
    const renewedAt = this.#renewals.get(xid);
    if (renewedAt !== undefined && this.isBound) this.#hearRenewal(type, renewedAt);
    else if (xid === this.#xid) this.#hearReply(type, hardwareAt(view, start + 6));
  }

  #hearRenewal(type: number, at: number): void {
    this.#renewals.delete(this.#reply.xid);
    if (type === ACK && this.#reply.yiaddr === this.address) {
      if (performance.now() - at < PATIENCE) this.renewalsAnswered += 1;
    } else if (type === NAK) this.#state = 'off';
  }

  #hearReply(type: number, hardware: number): void {
    if (type === OFFER && this.#state === 'selecting') {
      this.address = this.#reply.yiaddr;
      this.#server = { hardware, address: this.#reply.server };
      this.#state = 'requesting';
      this.#tries = 0;
      this.#ask();
    } else if (type === ACK && this.#state === 'requesting') {
      clearTimeout(this.#timer);
      this.#state = 'bound';
      this.address = this.#reply.yiaddr;
      this.bootedIn = performance.now() - this.#beganAt;
      this.#onLeased();
    } else if (type === NAK && this.#state === 'requesting') {
      this.refused += 1;
      this.#begin();
    }
  }

  #begin(): void {
    this.#state = 'selecting';
    this.#xid = randomXid();
    this.#tries = 0;
    this.#ask();
  }

  /** Sends what the state asks for, again and again. */
  #ask(): void {
    clearTimeout(this.#timer);
    if (this.#state === 'requesting' && this.#tries === REQUESTS) {
      this.#begin();
      return;
    }
    const envelope = { hardware: this.hardware, source: 0 };
    this.#card.message(envelope, (view, at) => {
      if (this.#state === 'selecting') putDiscover(view, at, this.#xid, this.hardware);
      else putSelecting(view, at, this.#xid, this.hardware, this.address, this.#server.address);
      putSecs(view, at, Math.floor((performance.now() - this.#beganAt) / 1000));
    });
    this.#card.flush();
    const wait = Math.min(FIRST_WAIT * 2 ** this.#tries, LONGEST_WAIT) + (Math.random() * 2 - 1) * SPREAD;
    this.#tries += 1;
    this.#timer = setTimeout(() => this.#ask(), wait);
  }
}

function randomXid(): number {
  return Math.floor(Math.random() * 0x1_0000_0000);
}
