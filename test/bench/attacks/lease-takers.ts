import { hardwareAt } from '../../../src/net/hardware-address.ts';
import {
  ACK,
  NAK,
  OFFER,
  putDiscover,
  putIdentifier,
  putRelease,
  putSelecting,
  ReplyReader,
} from '../clients/messages.ts';
import type { Attack } from './attack.ts';
import { type Attacker, fromNobody, invented, OWN, type Server } from './attackers.ts';
import { arpAnswer, askedBy, type Card, replyAt } from './card.ts';

/** Whole leases, one after the other, by ever new clients; ARP is answered for each. */
export class LeaseTaker implements Attacker {
  leased = 0;
  readonly #card: Card;
  readonly #attack: Attack & { kind: 'leases' };
  readonly #reply = new ReplyReader();
  /** Hardware address of who answers for an address. */
  readonly #held = new Map<number, number>();
  #begun = 0;

  constructor(card: Card, attack: Attack & { kind: 'leases' }) {
    this.#card = card;
    this.#attack = attack;
  }

  due(seconds: number): void {
    const { rate, most = Number.POSITIVE_INFINITY } = this.#attack;
    for (const end = Math.min(seconds * rate, most); this.#begun < end; this.#begun += 1) {
      const number = this.#begun;
      const hardware = this.#hardwareOf(number);
      this.#card.message(fromNobody(hardware, this.#attack.source), (view, at) => {
        putDiscover(view, at, number, hardware);
        this.#identify(view, at, number);
      });
    }
  }

  hear(view: DataView, start: number, end: number): void {
    const asked = askedBy(view, start, end);
    const holder = asked === undefined ? undefined : this.#held.get(asked);
    if (holder !== undefined) this.#card.frame(arpAnswer(view, start, holder));
    const at = replyAt(view, start, end);
    if (at === undefined) return;
    this.#reply.read(view, at, end);
    const { type, xid, yiaddr, server } = this.#reply;
    if (xid >= this.#begun) return;
    const hardware = this.#hardwareOf(xid);
    if (type === ACK) {
      this.leased += 1;
      this.#held.set(yiaddr, this.#attack.source === 'own' ? OWN : hardware);
    }
    if (type !== OFFER) return;
    this.#card.message(fromNobody(hardware, this.#attack.source), (message, to) => {
      putSelecting(message, to, xid, hardware, yiaddr, server);
      this.#identify(message, to, xid);
    });
  }

  #hardwareOf(number: number): number {
    return this.#attack.of === 'identifier' ? OWN : invented(number);
  }

  #identify(view: DataView, at: number, number: number): void {
    if (this.#attack.of === 'identifier') putIdentifier(view, at, number);
  }
}

/** What a card of those that take and return their lease is in. */
interface Returning {
  readonly hardware: number;
  address: number;
  isLeased: boolean;
  askedAt: number;
}

/** Without an answer it asks anew: seconds. */
const PATIENCE = 1;

/** Cards that take a lease and release it, over and over, so fast as the rate of messages allows. */
export class LeaseReturner implements Attacker {
  leased = 0;
  readonly #card: Card;
  readonly #server: Server;
  readonly #rate: number;
  readonly #cards: readonly Returning[];
  readonly #reply = new ReplyReader();
  #sent = 0;
  #next = 0;

  constructor(card: Card, { rate, cards }: Attack & { kind: 'returns' }, server: Server) {
    this.#card = card;
    this.#server = server;
    this.#rate = rate;
    this.#cards = Array.from({ length: cards }, (_, number) => {
      return { hardware: invented(number), address: 0, isLeased: false, askedAt: Number.NEGATIVE_INFINITY };
    });
  }

  due(seconds: number): void {
    const end = Math.min(seconds * this.#rate, this.#sent + this.#rate / 20);
    for (let looked = 0; this.#sent < end && looked < this.#cards.length; looked += 1) {
      this.#next = (this.#next + 1) % this.#cards.length;
      const one = this.#cards[this.#next];
      if (one === undefined) continue;
      if (one.isLeased) this.#release(one, seconds);
      else if (seconds - one.askedAt > PATIENCE) this.#discover(one, seconds);
    }
    if (this.#sent < seconds * this.#rate - this.#rate) this.#sent = Math.floor(seconds * this.#rate);
  }

  hear(view: DataView, start: number, end: number): void {
    const asked = askedBy(view, start, end);
    const holder = asked === undefined ? undefined : this.#cards.find(({ address }) => address === asked);
    if (holder?.isLeased === true) this.#card.frame(arpAnswer(view, start, holder.hardware));
    const at = replyAt(view, start, end);
    if (at === undefined) return;
    this.#reply.read(view, at, end);
    const { type, xid, yiaddr } = this.#reply;
    const one = this.#cards[xid];
    if (one === undefined || hardwareAt(view, at + 28) !== one.hardware) return;
    if (type === OFFER) this.#request(one, yiaddr);
    else if (type === ACK) {
      this.leased += 1;
      one.isLeased = true;
      one.address = yiaddr;
    } else if (type === NAK) one.address = 0;
  }

  #discover(one: Returning, seconds: number): void {
    one.askedAt = seconds;
    this.#send(one, 0, (view, at, xid) => putDiscover(view, at, xid, one.hardware));
  }

  /** It names the server and its address of before, without asking for an offer again. */
  #release(one: Returning, seconds: number): void {
    const { hardware, address } = one;
    one.isLeased = false;
    one.askedAt = seconds;
    this.#send(one, address, (view, at, xid) =>
      putRelease(view, at, xid, hardware, address, this.#server.address),
    );
    this.#request(one, address);
  }

  #request(one: Returning, address: number): void {
    this.#send(one, 0, (view, at, xid) =>
      putSelecting(view, at, xid, one.hardware, address, this.#server.address),
    );
  }

  #send(one: Returning, source: number, write: (view: DataView, at: number, xid: number) => void): void {
    const xid = this.#cards.indexOf(one);
    const { hardware } = one;
    const envelope = source === 0 ? { hardware, source } : { hardware, source, server: this.#server };
    this.#card.message(envelope, (view, at) => write(view, at, xid));
    this.#sent += 1;
  }
}
