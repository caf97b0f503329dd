import { PacketSocket } from '../../src/cli/lab/guests/packet-socket.ts';
import type { NamespaceHost } from '../../src/cli/lab/namespace-host.ts';
import { addressText, hardwareText, readUdpFrame, udpFrame } from './frames.ts';
import { type HeardReply, readReply } from './heard-reply.ts';
import { disagreements } from './independent-decoder.ts';
import { ip, mac, messageType, type PacketFields, type PacketOption, packet, u16 } from './packet.ts';

const BROADCAST = 'ff:ff:ff:ff:ff:ff';
const NOBODY = '00:00:00:00:00:00';
/** How long an answer is waited for: milliseconds. */
const PATIENCE_MILLISECONDS = 3000;

/** What a message is sent in; by default as a client without an address does. */
export interface Envelope {
  readonly source?: string;
  readonly destination?: string;
  readonly destinationHardware?: string;
  readonly sourcePort?: number;
}

/** An answer to ARP: the MAC that it names, and the one that its frame comes from. */
export interface Lie {
  readonly holder: string;
  readonly source: string;
}

/**
 * Any number of DHCP clients behind one interface, frame by frame. Every reply is also read by the independent
 * decoder; a reply that it reads differently, or with a wrong checksum, fails the test at `close`.
 */
export class RawClient {
  /** Addresses that ARP is answered for, and by which hardware address. */
  readonly holds = new Map<string, string>();
  /** Answers beside those for any address that is asked for, as a hostile guest sends them; undefined: none. */
  lies: (target: string) => Lie | undefined = () => undefined;
  /** Addresses that others asked for by ARP. */
  readonly asked: string[] = [];
  readonly heard: HeardReply[] = [];
  readonly #faults: unknown[] = [];
  readonly #waiting = new Map<number, (reply: HeardReply) => void>();
  readonly #ipv4: PacketSocket;
  readonly #arp: PacketSocket;
  #onReply: (reply: HeardReply) => void = () => {};
  #isClosed = false;
  readonly #isStrict: boolean;
  #xid = 0x10000000;

  /** `isStrict` false: replies of other servers, by which the sums are unfinished and opinions differ. */
  constructor(host: NamespaceHost, device = 'eth0', isStrict = true) {
    this.#isStrict = isStrict;
    this.#ipv4 = new PacketSocket(host, device, 0x0800, (frame) => this.#hear(frame));
    this.#arp = new PacketSocket(host, device, 0x0806, (frame) => this.#hearArp(frame));
  }

  /** Calls `run` with every reply, in the moment in which it is heard. */
  onReply(run: (reply: HeardReply) => void): void {
    this.#onReply = run;
  }

  /** An xid that was not used before. */
  newXid(): number {
    this.#xid += 1;
    return this.#xid;
  }

  /** Sends a message, and returns its xid. */
  send(fields: PacketFields, envelope: Envelope = {}): number {
    const xid = fields.xid ?? this.newXid();
    this.sendBytes(packet({ ...fields, xid }), fields.chaddr ?? '52:54:00:00:00:01', envelope);
    return xid;
  }

  sendBytes(payload: Uint8Array, sourceHardware: string, envelope: Envelope = {}): void {
    this.#ipv4.send(
      udpFrame({
        sourceHardware,
        destinationHardware: envelope.destinationHardware ?? BROADCAST,
        source: envelope.source ?? '0.0.0.0',
        destination: envelope.destination ?? '255.255.255.255',
        sourcePort: envelope.sourcePort ?? 68,
        destinationPort: 67,
        payload,
      }),
    );
  }

  /** Sends any frame. */
  sendFrame(frame: Uint8Array): void {
    this.#ipv4.send(frame);
  }

  /** Sends a message and returns the answer to it; throws if there is none. */
  async ask(fields: PacketFields, envelope: Envelope = {}): Promise<HeardReply> {
    const xid = fields.xid ?? this.newXid();
    const reply = this.reply(xid);
    this.send({ ...fields, xid }, envelope);
    return reply;
  }

  /** The next reply with this xid; throws if none comes. */
  reply(xid: number, milliseconds = PATIENCE_MILLISECONDS): Promise<HeardReply> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(xid);
        reject(new Error(`no answer to xid ${xid.toString(16)} within ${milliseconds} ms`));
      }, milliseconds);
      this.#waiting.set(xid, (reply) => {
        clearTimeout(timer);
        this.#waiting.delete(xid);
        resolve(reply);
      });
    });
  }

  /** What was heard with this xid so far. */
  heardFor(xid: number): readonly HeardReply[] {
    return this.heard.filter((reply) => reply.xid === xid);
  }

  discover(chaddr: string, ...options: readonly PacketOption[]): Promise<HeardReply> {
    return this.ask({ chaddr, options: [messageType('DHCPDISCOVER'), ...options] });
  }

  /** RFC 2131 §4.3.2, SELECTING: takes an offer. */
  select(offer: HeardReply): Promise<HeardReply> {
    return this.ask(selecting(offer));
  }

  /** RFC 2131 §3.1: a new lease, from DHCPDISCOVER to DHCPACK. ARP for it is answered from then on. */
  async lease(chaddr: string, ...options: readonly PacketOption[]): Promise<HeardReply> {
    const offer = await this.discover(chaddr, ...options);
    if (offer.type !== 2) throw new Error(`a DHCPOFFER was due, not type ${offer.type}`);
    const ack = await this.select(offer);
    if (ack.type !== 5) throw new Error(`a DHCPACK was due, not type ${ack.type}`);
    this.holds.set(ack.yiaddr, chaddr);
    return ack;
  }

  /** RFC 2131 §4.3.2, INIT-REBOOT. */
  reboot(chaddr: string, address: string): Promise<HeardReply> {
    return this.ask({ chaddr, options: [messageType('DHCPREQUEST'), [50, ...ip(address)]] });
  }

  /** RFC 2131 §4.3.4, by unicast. */
  release(ack: HeardReply): number {
    const xid = this.send(
      {
        chaddr: ack.chaddr,
        ciaddr: ack.yiaddr,
        options: [messageType('DHCPRELEASE'), [54, ...serverOf(ack)]],
      },
      unicastTo(ack, ack.yiaddr),
    );
    this.holds.delete(ack.yiaddr);
    return xid;
  }

  /** RFC 5227 §2.3: a machine has an address from now on, and says so to all. */
  announce(address: string, hardware: string): void {
    this.holds.set(address, hardware);
    this.#request(hardware, address, address);
  }

  /** RFC 5227 §2.1.1: a machine asks whether an address, which it would like to have, is in use. */
  probe(address: string, hardware: string): void {
    this.#request(hardware, '0.0.0.0', address);
  }

  #request(hardware: string, source: string, target: string): void {
    const sender = [...mac(hardware), ...ip(source)];
    const said = [...u16(1), ...u16(0x0800), 6, 4, ...u16(1), ...sender, ...mac(NOBODY), ...ip(target)];
    this.#arp.send(Uint8Array.from([...mac(BROADCAST), ...mac(hardware), 0x08, 0x06, ...said]));
  }

  /** Throws if a reply was faulty. A second time it does nothing. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#ipv4.close();
    this.#arp.close();
    if (this.#faults.length > 0) throw new AggregateError(this.#faults, `faulty replies: ${this.#faults[0]}`);
  }

  #hear(bytes: Buffer): void {
    try {
      const frame = readUdpFrame(bytes, this.#isStrict);
      if (frame === undefined || frame.sourcePort !== 67) return;
      if (frame.destinationPort !== 68 && frame.destinationPort !== 67) return;
      const reply = readReply(frame);
      this.heard.push(reply);
      this.#onReply(reply);
      if (this.#isStrict)
        for (const difference of disagreements(frame.payload)) this.#faults.push(new Error(difference));
      this.#waiting.get(reply.xid)?.(reply);
    } catch (error) {
      this.#faults.push(error);
    }
  }

  /** RFC 826: answers a request for an address that is held here. */
  #hearArp(frame: Buffer): void {
    if (frame.readUInt16BE(20) !== 1) return;
    const target = addressText(frame, 38);
    this.asked.push(target);
    const holder = this.holds.get(target);
    const isOther = holder !== undefined && hardwareText(frame, 22) !== holder;
    if (isOther) this.#answerArp(frame, target, { holder, source: holder });
    const lie = this.lies(target);
    if (lie !== undefined) this.#answerArp(frame, target, lie);
  }

  #answerArp(frame: Buffer, target: string, { holder, source }: Lie): void {
    const asker = [...frame.subarray(22, 32)];
    const answer = [...u16(1), ...u16(0x0800), 6, 4, ...u16(2), ...mac(holder), ...ip(target), ...asker];
    this.#arp.send(Uint8Array.from([...frame.subarray(6, 12), ...mac(source), 0x08, 0x06, ...answer]));
  }
}

/** RFC 2131 §4.3.2: the DHCPREQUEST that takes an offer. */
export function selecting(offer: HeardReply): PacketFields {
  return {
    chaddr: offer.chaddr,
    options: [messageType('DHCPREQUEST'), [50, ...ip(offer.yiaddr)], [54, ...serverOf(offer)]],
  };
}

/** From an address of the client's own to the server that gave a reply. */
export function unicastTo(reply: HeardReply, source: string): Envelope {
  return {
    source,
    destination: addressText(serverOf(reply), 0),
    destinationHardware: reply.sourceHardware,
  };
}

export function serverOf(reply: HeardReply): Uint8Array {
  return reply.options.get(54) ?? new Uint8Array(4);
}

/**
 * The addresses that ARP was asked for, less the gateway's own, which it asks for itself (RFC 5227), and those that other
 * gateways may have, which it looks for.
 */
export function guestsAskedFor({ asked }: RawClient): readonly string[] {
  return asked.filter((address) => !/^10\.15\.[03]\.1\d$/.test(address));
}
