import { setTimeout as delay } from 'node:timers/promises';
import { EVERYBODY, type HardwareAddress } from '../../../net/hardware-address.ts';
import { type Ipv4, ipv4, LIMITED_BROADCAST, UNSPECIFIED } from '../../../net/ipv4.ts';
import { BOOTREQUEST } from '../../../wire/layout.ts';
import type { Message } from '../../../wire/message.ts';
import { type BootMessage, bootMessage, type OptionPair } from './boot-message.ts';
import type { DhcpLink, Envelope } from './dhcp-link.ts';

/** Quicker than the four seconds of RFC 2131 §4.1: milliseconds. */
const RESEND_EVERY = 1000;
/** How many times a DHCPREQUEST is sent before the client gives the offer up. */
const TIMES_TO_ASK = 4;
/** Longer than any lab: milliseconds. */
export const ALWAYS = 0x7fff_ffff;
const ASKED_FOR = Uint8Array.of(1, 3, 6, 15, 26, 51, 58);

export interface BuiltInLease {
  readonly address: Ipv4;
  /** The server identifier, and the card that its replies come from. */
  readonly server: Ipv4;
  readonly serverHardware: HardwareAddress;
  readonly router: Ipv4;
  readonly dns: readonly Ipv4[];
  readonly leaseSeconds: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** A DHCPOFFER, DHCPACK or DHCPNAK. Of a DHCPNAK only the type counts. */
interface Answer {
  readonly type: Message['type'];
  readonly lease: BuiltInLease;
}

/** What a client sends; `#bytes` adds the rest. */
type ClientMessage = Omit<BootMessage, 'op' | 'xid' | 'secs' | 'hardware'>;

/** What a client sends by. */
export type ClientLink = Pick<DhcpLink, 'toServer' | 'announce'>;

export interface GuestIdentity {
  readonly hardware: HardwareAddress;
  readonly hostname: string;
  /** Option 61; absent: none is sent. */
  readonly identifier?: Uint8Array;
}

/** A DHCP client with the states of RFC 2131 §4.4, for one card behind a link. It renews its lease at T1 by itself. */
export class BuiltInClient {
  readonly identity: GuestIdentity;
  lease: BuiltInLease | undefined;
  /** Called with every DHCPACK. */
  onLease: (lease: BuiltInLease) => void = () => {};
  readonly #link: ClientLink;
  #waiting: { xid: number; take: (answer: Answer) => void } | undefined;
  #renewal: NodeJS.Timeout | undefined;
  #xid = Math.floor(Math.random() * 0xffff_ffff);
  #isOff = false;

  constructor(link: ClientLink, identity: GuestIdentity) {
    this.#link = link;
    this.identity = identity;
  }

  /** It was switched off. */
  get isOff(): boolean {
    return this.#isOff;
  }

  /** Takes a reply to this card. */
  receive(reply: Message, from: HardwareAddress): void {
    if (reply.xid === this.#waiting?.xid) this.#waiting.take(answerOf(reply, from));
  }

  /** From DHCPDISCOVER to DHCPACK, again until it has a lease or the time is over. */
  async boot(milliseconds: number): Promise<BuiltInLease | undefined> {
    this.#forget();
    this.#isOff = false;
    const end = Date.now() + milliseconds;
    while (!this.#isOff && Date.now() < end) {
      const offer = await this.discover(end - Date.now());
      const lease = offer === undefined ? undefined : await this.select(offer);
      if (lease !== undefined) return lease;
    }
    return undefined;
  }

  /** RFC 2131 §4.4.1: the first offer that comes. */
  async discover(milliseconds: number): Promise<BuiltInLease | undefined> {
    const times = Math.max(1, Math.ceil(milliseconds / RESEND_EVERY));
    const answer = await this.#ask({ type: 'DHCPDISCOVER', options: [] }, this.#broadcast(), times);
    return answer?.type === 'DHCPOFFER' ? answer.lease : undefined;
  }

  /** RFC 2131 §4.3.2, SELECTING. */
  async select({ address, server }: BuiltInLease): Promise<BuiltInLease | undefined> {
    const options: OptionPair[] = [
      [50, address],
      [54, server],
    ];
    return this.#taken(await this.#ask({ type: 'DHCPREQUEST', options }, this.#broadcast(), TIMES_TO_ASK));
  }

  /** RFC 2131 §4.3.2, RENEWING: by unicast. After a DHCPNAK it begins anew, and goes on until it has a lease. */
  async renew(milliseconds = TIMES_TO_ASK * RESEND_EVERY): Promise<BuiltInLease | undefined> {
    const { lease } = this;
    if (lease === undefined) return undefined;
    const { server, serverHardware } = lease;
    return this.#extend(
      { ...this.#broadcast(), target: server, targetHardware: serverHardware },
      milliseconds,
    );
  }

  /** RFC 2131 §4.3.2, REBINDING: by broadcast, from any server. */
  async rebind(milliseconds = TIMES_TO_ASK * RESEND_EVERY): Promise<BuiltInLease | undefined> {
    return this.#extend(this.#broadcast(), milliseconds);
  }

  /** RFC 2131 §4.4.6, and the machine is off. */
  release(): void {
    const { lease } = this;
    this.off();
    if (lease === undefined) return;
    const { address, server, serverHardware } = lease;
    const message = { type: 'DHCPRELEASE', ciaddr: address, options: [[54, server]] } as const;
    this.#link.toServer(this.#bytes(message, this.#newXid(), 0), {
      sourceHardware: this.identity.hardware,
      targetHardware: serverHardware,
      source: address,
      target: server,
    });
  }

  /** As if its power went off: it sends nothing more, and does not answer ARP. */
  off(): void {
    this.#isOff = true;
    this.#forget();
  }

  #forget(): void {
    clearTimeout(this.#renewal);
    this.lease = undefined;
  }

  async #extend(way: Envelope, milliseconds: number): Promise<BuiltInLease | undefined> {
    const { lease } = this;
    if (lease === undefined) return undefined;
    const envelope = { ...way, source: lease.address };
    const times = Math.max(1, Math.ceil(milliseconds / RESEND_EVERY));
    const answer = await this.#ask(
      { type: 'DHCPREQUEST', ciaddr: lease.address, options: [] },
      envelope,
      times,
    );
    if (answer?.type !== 'DHCPNAK') return this.#taken(answer);
    const patience = delay(milliseconds + RESEND_EVERY, undefined, { ref: false });
    return Promise.race([this.boot(ALWAYS), patience]);
  }

  #taken(answer: Answer | undefined): BuiltInLease | undefined {
    if (answer?.type !== 'DHCPACK' || this.#isOff) return undefined;
    const { lease } = answer;
    this.lease = lease;
    this.#link.announce(this.identity.hardware, lease.address);
    clearTimeout(this.#renewal);
    this.#renewal = setTimeout(() => void this.#keep(), (lease.leaseSeconds * 1000) / 2).unref();
    this.onLease(lease);
    return lease;
  }

  /** At T1: by unicast, then by broadcast until the lease is over, then anew. */
  async #keep(): Promise<void> {
    const { lease } = this;
    if (lease === undefined || (await this.renew()) !== undefined) return;
    const left = lease.at + lease.leaseSeconds * 1000 - Date.now();
    // Without this lease it is off, has begun anew, or was told to renew meanwhile.
    if ((await this.rebind(left)) === undefined && this.lease === lease) await this.boot(ALWAYS);
  }

  /** Sends again with growing secs, as clients do, until it is answered. */
  async #ask(message: ClientMessage, envelope: Envelope, times: number): Promise<Answer | undefined> {
    const xid = this.#newXid();
    const begin = Date.now();
    let answer: Answer | undefined;
    const answered = new Promise<void>((resolve) => {
      this.#waiting = {
        xid,
        take: (taken) => {
          answer ??= taken;
          resolve();
        },
      };
    });
    for (let time = 0; time < times && answer === undefined && !this.#isOff; time += 1) {
      const secs = Math.floor((Date.now() - begin) / 1000);
      this.#link.toServer(this.#bytes(message, xid, secs), envelope);
      const patience = new AbortController();
      const pause = delay(RESEND_EVERY, undefined, { signal: patience.signal }).catch(() => undefined);
      await Promise.race([answered, pause]);
      patience.abort();
    }
    return answer;
  }

  #bytes(message: ClientMessage, xid: number, secs: number): Uint8Array {
    const { hardware, hostname, identifier } = this.identity;
    const options: OptionPair[] = [...message.options, [12, Buffer.from(hostname)], [55, ASKED_FOR]];
    if (identifier !== undefined) options.push([61, identifier]);
    return bootMessage({ ...message, op: BOOTREQUEST, xid, secs, hardware, options });
  }

  #broadcast(): Envelope {
    return {
      sourceHardware: this.identity.hardware,
      targetHardware: EVERYBODY,
      source: UNSPECIFIED,
      target: LIMITED_BROADCAST,
    };
  }

  #newXid(): number {
    this.#xid = (this.#xid + 1) >>> 0;
    return this.#xid;
  }
}

function answerOf(reply: Message, from: HardwareAddress): Answer {
  const addresses = (code: number) => {
    const value = Buffer.from(reply.raw(code) ?? []);
    return Array.from({ length: value.length >> 2 }, (_, index) => ipv4(value.readUInt32BE(index * 4)));
  };
  const lease = {
    address: reply.yiaddr,
    server: reply.serverIdentifier ?? UNSPECIFIED,
    serverHardware: from,
    router: addresses(3)[0] ?? UNSPECIFIED,
    dns: addresses(6),
    leaseSeconds: reply.leaseTime ?? 0,
    at: Date.now(),
  };
  return { type: reply.type, lease };
}
