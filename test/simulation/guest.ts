import { optionOf } from '../support/conversation.ts';
import type { Guest } from '../support/guest.ts';
import { ip, type PacketFields, type PacketOption } from '../support/packet.ts';
import { type GuestParts, type GuestState, isFor, type Offer, u32 } from './guest-parts.ts';
import { LateReleases } from './late-releases.ts';
import { Selections } from './selections.ts';
import { Stages } from './stages.ts';

/** When a message is sent again, and when it is given up: milliseconds after the one before (RFC 2131 §4.1). */
const RETRIES = [4000, 8000, 12_000] as const;
/** RFC 2131 §4.4.5 says a minute; the leases here are shorter than its own. */
const LEAST_RETRY = 4000;
/** RFC 2131 §3.1 (5): after a DHCPDECLINE. */
const AFTER_DECLINE = 10_000;
/** For how long offers are collected; many clients take the first one. Milliseconds. */
const OFFER_WAIT = 300;
/** Before the first DHCPDISCOVER. RFC 2131 §4.4.1 asks for one to ten seconds; most clients begin at once. */
const FIRST_WAIT = 300;
const HASTE = 2; // Both, of a client in a hurry.

const OFFER = 2;
const ACK = 5;
const NAK = 6;

/** A guest's DHCP client as RFC 2131 §4.4 has it, with its timers and retransmissions. */
export class SimulatedGuest {
  state: GuestState = 'OFF';
  /** Where its machine is now. */
  node: number;
  /** What it has, or goes back to; '' without any. */
  address = '';
  /** When its lease ends, as RFC 2131 §4.4.1 counts: from the sending of the DHCPREQUEST. Milliseconds. */
  until = 0;
  server = '';
  boundAt = -1;
  readonly selections = new Selections();
  /** Since when it is on. */
  onSince = 0;
  readonly lateReleases = new LateReleases();
  /** How often in a hundred it finds its address in use. */
  declines = 0;
  /** Its DHCPRELEASEs may be late, for its address is asked for by ARP before others get it. */
  releasesLate = false;
  readonly isSilent: boolean;
  readonly mac: string;
  readonly hardware: number;
  /** The address that it had last, and would like to have again. */
  #wanted = '';
  readonly #stages: Stages;
  readonly #parts: GuestParts;
  #t1 = 0;
  #t2 = 0;
  #xid: number;
  /** When each message of this state was sent, by its xid. */
  #sent = new Map<number, number>();
  #begunAt = 0;
  #offers: Offer[] = [];
  #epoch = 0;

  constructor(parts: GuestParts) {
    this.#parts = parts;
    this.mac = parts.mac;
    this.isSilent = parts.isSilent === true;
    this.hardware = Number.parseInt(parts.mac.replaceAll(':', ''), 16);
    this.node = parts.node;
    this.#stages = new Stages(parts.mac, parts.identifiers ?? [undefined]);
    this.#xid = parts.random.below(0x7fff) * 0x1_0000;
  }

  get isOn(): boolean {
    return this.state !== 'OFF';
  }

  /** By its own reckoning it has its address now. */
  get holds(): boolean {
    return this.until > this.#now && this.address !== '';
  }

  start(): void {
    if (this.isOn) return;
    this.onSince = this.#now;
    if (this.address !== '') this.#reboot();
    else this.#init();
  }

  /** The power goes: it says nothing, and remembers its lease. */
  cutPower(): void {
    this.#enter('OFF');
  }

  /** Its system starts anew. */
  reset(): void {
    this.cutPower();
    if (this.#stages.isNext(this.#parts.random)) {
      this.#forget();
      this.#wanted = ''; // Another stage knows nothing of the address.
    }
    this.start();
  }

  release(): void {
    if (!this.isOn || !this.holds) return;
    const { address, server } = this;
    const sentAt = this.#now;
    const bytes = this.#message((guest) => guest.release(address, server));
    this.#forget(); // RFC 2131 §4.4.6: to INIT, and not to INIT-REBOOT.
    this.#parts.network.unicast(this.node, server, bytes, address, !this.releasesLate, () =>
      this.lateReleases.arrived({ address, server, sentAt }, this, this.#now),
    );
    this.#enter('OFF');
  }

  /** `isBacked`: its sender had a lease that contradicts this guest's. */
  hear(bytes: Uint8Array, isBacked = false): void {
    const xid = Buffer.from(bytes).readUInt32BE(4);
    const sentAt = isFor(bytes, this.hardware) ? this.#sent.get(xid) : undefined;
    if (sentAt === undefined) return; // RFC 2131 §4.4.1: of no message that waits for an answer.
    const type = optionOf(bytes, 53)?.[0];
    const server = (optionOf(bytes, 54) ?? []).join('.');
    const address = [...bytes.subarray(16, 20)].join('.');
    if (type === OFFER && this.state === 'SELECTING') this.#collect({ address, server });
    if (type === ACK && this.state !== 'SELECTING') this.#take(bytes, address, server, sentAt);
    if (type === NAK && this.state !== 'SELECTING') this.#refuse(server, isBacked);
  }

  get #now(): number {
    return this.#parts.clock.monotonic();
  }

  #enter(state: GuestState): void {
    this.state = state;
    this.#epoch += 1;
    this.#sent = new Map();
    this.#begunAt = this.#now;
    this.#offers = [];
  }

  /** Runs something later unless the state is another by then. */
  #later(milliseconds: number, run: () => void): void {
    const epoch = this.#epoch;
    this.#parts.clock.after(milliseconds, () => {
      if (this.#epoch === epoch) run();
    });
  }

  #init(): void {
    this.#enter('INIT');
    this.#forget();
    this.#later(this.#parts.random.below(this.#parts.isHasty ? HASTE : FIRST_WAIT), () => {
      this.#enter('SELECTING');
      const options: PacketOption[] = this.#wanted === '' ? [] : [[50, ...ip(this.#wanted)]];
      this.#ask(
        0,
        () => this.#broadcast((guest) => guest.discover(options)),
        () => this.#init(),
      );
    });
  }

  #collect(offer: Offer): void {
    this.#offers.push(offer);
    if (this.#offers.length > 1) return;
    this.#later(this.#parts.random.below(this.#parts.isHasty ? HASTE : OFFER_WAIT), () => {
      const [first, ...more] = this.#offers;
      if (first === undefined) return;
      const offer = this.#parts.random.pick([first, ...more]);
      const secs = this.#secs; // RFC 2131 §4.4.1: the same as in the DHCPDISCOVER.
      this.#enter('REQUESTING');
      this.#begunAt -= secs * 1000;
      const heard = this.selections.add(offer, this.#now, this.#parts.network.met);
      this.#ask(
        0,
        () => this.#broadcast((guest) => guest.select(offer.address, offer.server), heard),
        () => this.#init(),
      );
    });
  }

  #reboot(): void {
    this.#enter('REBOOTING');
    const { address } = this;
    this.#ask(
      0,
      () => this.#broadcast((guest) => guest.reboot(address), this.#tellHeard),
      // RFC 2131 §3.2 (3): for the rest of its lease it may go on without an answer.
      () => (this.holds ? this.#goOn() : this.#init()),
    );
  }

  /** Sends, and again until it is given up. */
  #ask(attempt: number, send: () => void, givenUp: () => void): void {
    send();
    const wait = RETRIES[attempt] ?? RETRIES[0];
    this.#later(wait - 1000 + this.#parts.random.below(2000), () => {
      if (attempt >= RETRIES.length) givenUp();
      else this.#ask(attempt + 1, send, givenUp);
    });
  }

  #take(bytes: Uint8Array, address: string, server: string, sentAt: number): void {
    const seconds = u32(optionOf(bytes, 51));
    if (this.state === 'REQUESTING' && this.#parts.random.chance(this.declines)) {
      this.#broadcast((guest) => guest.decline(address, server));
      this.#forget();
      this.#enter('INIT');
      this.#later(AFTER_DECLINE, () => this.#init());
      return;
    }
    this.address = address;
    this.server = server;
    this.until = sentAt + seconds * 1000;
    this.#t1 = sentAt + u32(optionOf(bytes, 58)) * 1000;
    this.#t2 = sentAt + u32(optionOf(bytes, 59)) * 1000;
    this.boundAt = this.#now;
    this.lateReleases.bound(address, server, sentAt);
    this.#parts.bound(this, this.state === 'REQUESTING');
    this.#goOn();
  }

  #refuse(server: string, isBacked: boolean): void {
    this.#parts.refused(this, server, isBacked);
    if (this.state === 'REQUESTING') this.selections.last.isRefused = true;
    this.#forget();
    this.#init();
  }

  #forget(): void {
    if (this.address !== '') this.#wanted = this.address;
    this.address = '';
    this.until = 0;
    this.lateReleases.forget();
  }

  #goOn(): void {
    this.#enter('BOUND');
    this.#later(this.#t1 - this.#now, () => {
      this.#enter('RENEWING');
      this.#extend();
    });
  }

  /** RENEWING asks its server, REBINDING all; each again at half of the time that is left (RFC 2131 §4.4.5). */
  #extend(): void {
    const { address, server } = this;
    const end = this.state === 'RENEWING' ? this.#t2 : this.until;
    const left = end - this.#now;
    if (left <= 0) {
      if (this.state === 'REBINDING') this.#init();
      else {
        this.#enter('REBINDING');
        this.#extend();
      }
      return;
    }
    if (this.state === 'RENEWING') {
      const bytes = this.#message((guest) => guest.extend(address));
      this.#parts.network.unicast(this.node, server, bytes, address);
    } else this.#broadcast((guest) => guest.extend(address), this.#tellHeard);
    this.#later(Math.min(left, Math.max(Math.ceil(left / 2), LEAST_RETRY)), () => this.#extend());
  }

  readonly #tellHeard = (gateway: string) => this.lateReleases.heardBy(gateway);

  #broadcast(make: (guest: Guest) => Uint8Array, heard?: (gateway: string) => void): void {
    this.#parts.network.broadcast(this.node, this.#message(make), heard);
  }

  get #secs(): number {
    return Math.floor((this.#now - this.#begunAt) / 1000);
  }

  #message(make: (guest: Guest) => Uint8Array): Uint8Array {
    this.#xid += 1;
    const guest = this.#stages.current;
    guest.xid = this.#xid;
    this.#sent.set(this.#xid, this.#now);
    const fields: PacketFields = { secs: this.#secs };
    Object.assign(guest.habits, { fields });
    return make(guest);
  }
}
