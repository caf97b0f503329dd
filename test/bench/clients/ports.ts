import { readFileSync } from 'node:fs';
import { type HardwareAddress, putHardware } from '../../../src/net/hardware-address.ts';
import { ipv4 } from '../../../src/net/ipv4.ts';
import type { Libc } from '../../../src/transport/linux/libc.ts';
import {
  AF_INET,
  AF_PACKET,
  ETH_P_IP,
  INET_ADDRESS_BYTES,
  inetAddress,
  LINK_ADDRESS_BYTES,
  linkAddress,
  putInetAddress,
  putLinkAddress,
  SO_RCVBUFFORCE,
  SO_SNDBUFFORCE,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_RAW,
  SOL_SOCKET,
} from '../../../src/transport/linux/linux.ts';
import { MessageVector, pinnedMemory } from '../../../src/transport/linux/message-vector.ts';
import { MESSAGE_BYTES, putTemplate } from './messages.ts';

/** Datagrams in one system call. */
export const BATCH = 256;
const SLOT_BYTES = 2048;
const ETHERNET_BYTES = 14;
/** Ethernet, IPv4 and UDP. */
const HEADER_BYTES = ETHERNET_BYTES + 28;
const CHADDR = 28;
const BUFFER_BYTES = 16 * 1024 * 1024;
const EVERYBODY = 0xffff_ffff_ffff as HardwareAddress;

/** Where the clients' messages leave and the replies come in: BATCH slots for each direction. */
export abstract class ClientPort {
  /** What is sent: a message made from the template in each slot, at `messageAt`. */
  readonly outgoing: DataView;
  readonly incoming: DataView;
  protected readonly fd: number;
  protected readonly sending: MessageVector;
  protected readonly receiving: MessageVector;

  constructor(libc: Libc, fd: number, giaddr: number) {
    if (fd < 0) throw new Error(`no socket: error ${-fd}`);
    this.fd = fd;
    libc.setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES);
    libc.setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, BUFFER_BYTES);
    const outgoing = pinnedMemory(libc, BATCH * SLOT_BYTES);
    const incoming = pinnedMemory(libc, BATCH * SLOT_BYTES);
    this.outgoing = outgoing.view;
    this.incoming = incoming.view;
    this.sending = new MessageVector(libc, outgoing, BATCH);
    this.receiving = new MessageVector(libc, incoming, BATCH);
    for (let slot = 0; slot < BATCH; slot += 1) {
      this.receiving.putMessage(slot, slot * SLOT_BYTES, SLOT_BYTES, 0);
      putTemplate(outgoing.view, this.messageAt(slot), giaddr);
    }
  }

  messageAt(slot: number): number {
    return slot * SLOT_BYTES + HEADER_BYTES;
  }

  /** Sends the first `count` slots; how many the kernel took. */
  send(count: number): number {
    let sent = 0;
    while (sent < count) {
      const result = this.sending.send(this.fd, sent, count - sent);
      if (result <= 0) break;
      sent += result;
    }
    return sent;
  }

  /** How many slots were filled; does not wait. */
  receive(): number {
    return Math.max(0, this.receiving.receive(this.fd, 0, BATCH));
  }

  /** [start, end) of the message in a slot that was filled; empty if it is none for the clients. */
  abstract replyStart(slot: number): number;

  replyEnd(slot: number): number {
    return slot * SLOT_BYTES + this.receiving.lengthOf(slot);
  }

  /** Where a message goes: to all, or, from `source`, to the server alone. */
  abstract putDestination(slot: number, source: number): void;

  protected slotStart(slot: number): number {
    return slot * SLOT_BYTES;
  }
}

/** A relay agent: port 67 of an address of its own, and giaddr. */
export class RelayPort extends ClientPort {
  constructor(libc: Libc, address: number, server: number) {
    super(libc, libc.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), address);
    const bound = libc.bind(this.fd, inetAddress(ipv4(address), 67));
    if (bound < 0) throw new Error(`the relay's address cannot be bound: error ${-bound}`);
    for (let slot = 0; slot < BATCH; slot += 1) {
      putInetAddress(this.sending.names, this.sending.nameOffset(slot), ipv4(server), 67);
      this.sending.putMessage(slot, this.messageAt(slot), MESSAGE_BYTES, INET_ADDRESS_BYTES);
    }
  }

  replyStart(slot: number): number {
    return this.slotStart(slot);
  }

  putDestination(): void {}
}

/** Clients on the segment, each by frames of its own: without an address by broadcast, with one to the server alone. */
export class DirectPort extends ClientPort {
  readonly #server: number;
  readonly #serverHardware: HardwareAddress;
  readonly #link: number;

  constructor(libc: Libc, device: string, server: number, serverHardware: number) {
    super(libc, libc.socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), 0);
    this.#server = server;
    this.#serverHardware = serverHardware as HardwareAddress;
    this.#link = Number(readFileSync(`/sys/class/net/${device}/ifindex`, 'utf8'));
    const bound = libc.bind(this.fd, linkAddress(ETH_P_IP, this.#link, 0 as HardwareAddress));
    if (bound < 0) throw new Error(`${device} cannot be bound: error ${-bound}`);
    for (let slot = 0; slot < BATCH; slot += 1) {
      this.sending.putMessage(slot, this.slotStart(slot), HEADER_BYTES + MESSAGE_BYTES, LINK_ADDRESS_BYTES);
      this.putDestination(slot, 0);
    }
  }

  /** A client's frames come from its own card: what does not, a server may take for forged. */
  override send(count: number): number {
    for (let slot = 0; slot < count; slot += 1) {
      const source = this.slotStart(slot) + 6;
      const chaddr = this.messageAt(slot) + CHADDR;
      this.outgoing.setUint32(source, this.outgoing.getUint32(chaddr));
      this.outgoing.setUint16(source + 4, this.outgoing.getUint16(chaddr + 4));
    }
    return super.send(count);
  }

  replyStart(slot: number): number {
    const at = this.slotStart(slot) + ETHERNET_BYTES;
    const udp = at + (this.incoming.getUint8(at) & 15) * 4;
    const isForClients = this.incoming.getUint8(at + 9) === 17 && this.incoming.getUint16(udp + 2) === 68;
    return isForClients ? udp + 8 : this.replyEnd(slot);
  }

  putDestination(slot: number, source: number): void {
    const view = this.outgoing;
    const frame = this.slotStart(slot);
    const target = source === 0 ? EVERYBODY : this.#serverHardware;
    putHardware(view, frame, target);
    view.setUint16(frame + 12, ETH_P_IP);
    const ip = frame + ETHERNET_BYTES;
    view.setUint16(ip, 0x4500);
    view.setUint16(ip + 2, HEADER_BYTES - ETHERNET_BYTES + MESSAGE_BYTES);
    view.setUint32(ip + 4, 0);
    view.setUint16(ip + 8, (64 << 8) | 17);
    view.setUint16(ip + 10, 0);
    view.setUint32(ip + 12, source);
    view.setUint32(ip + 16, source === 0 ? 0xffffffff : this.#server);
    let sum = 0;
    for (let at = ip; at < ip + 20; at += 2) sum += view.getUint16(at);
    sum = (sum & 0xffff) + (sum >>> 16);
    view.setUint16(ip + 10, ~((sum & 0xffff) + (sum >>> 16)) & 0xffff);
    view.setUint16(ip + 20, 68);
    view.setUint16(ip + 22, 67);
    view.setUint16(ip + 24, 8 + MESSAGE_BYTES);
    view.setUint16(ip + 26, 0); // RFC 768: no checksum.
    putLinkAddress(this.sending.names, this.sending.nameOffset(slot), ETH_P_IP, this.#link, target);
  }
}
