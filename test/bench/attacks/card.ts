import { readFileSync } from 'node:fs';
import { type HardwareAddress, hardwareAt, putHardware } from '../../../src/net/hardware-address.ts';
import type { Libc } from '../../../src/transport/linux/libc.ts';
import {
  AF_PACKET,
  ETH_P_ALL,
  ETH_P_ARP,
  ETH_P_IP,
  linkAddress,
  PACKET_IGNORE_OUTGOING,
  SO_RCVBUFFORCE,
  SO_SNDBUFFORCE,
  SOCK_CLOEXEC,
  SOCK_RAW,
  SOL_PACKET,
  SOL_SOCKET,
} from '../../../src/transport/linux/linux.ts';
import { MessageVector, pinnedMemory } from '../../../src/transport/linux/message-vector.ts';
import { type Readiness, whenReadable } from '../../../src/transport/linux/readiness.ts';
import { MESSAGE_BYTES, putTemplate } from '../clients/messages.ts';

const SLOT_BYTES = 2048;
const ETHERNET_BYTES = 14;
/** Ethernet, IPv4 and UDP. */
export const HEADER_BYTES = ETHERNET_BYTES + 28;
const BUFFER_BYTES = 8 * 1024 * 1024;
export const EVERYBODY = 0xffff_ffff_ffff;
const EVERY_ADDRESS = 0xffff_ffff;

/** Where a message goes, and who it says has sent it. */
export interface Envelope {
  /** Of the frame. */
  readonly hardware: number;
  readonly source: number;
  /** Undefined: all. */
  readonly server?: { readonly hardware: number; readonly address: number };
}

/** What a card has received: whole frames. */
export type Hear = (view: DataView, start: number, end: number) => void;

/** A network card in this namespace: frames of any content, many in one system call. */
export class Card {
  readonly #fd: number;
  readonly #libc: Libc;
  readonly #sending: MessageVector;
  readonly #outgoing: DataView;
  readonly #slots: number;
  #queued = 0;
  #readiness: Readiness | undefined;
  sent = 0;

  /** @param slots Frames in one system call. */
  constructor(libc: Libc, device: string, slots: number, hear?: Hear) {
    this.#libc = libc;
    this.#slots = slots;
    this.#fd = libc.socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    if (this.#fd < 0) throw new Error(`no packet socket: error ${-this.#fd}`);
    libc.setsockopt(this.#fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1);
    libc.setsockopt(this.#fd, SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES);
    libc.setsockopt(this.#fd, SOL_SOCKET, SO_SNDBUFFORCE, BUFFER_BYTES);
    const link = Number(readFileSync(`/sys/class/net/${device}/ifindex`, 'utf8'));
    const protocol = hear === undefined ? 0 : ETH_P_ALL;
    const bound = libc.bind(this.#fd, linkAddress(protocol, link, 0 as HardwareAddress));
    if (bound < 0) throw new Error(`${device} cannot be bound: error ${-bound}`);
    const outgoing = pinnedMemory(libc, slots * SLOT_BYTES);
    this.#outgoing = outgoing.view;
    this.#sending = new MessageVector(libc, outgoing, slots);
    for (let slot = 0; slot < slots; slot += 1) putTemplate(this.#outgoing, this.#messageAt(slot), 0);
    if (hear !== undefined) this.#listen(slots, hear);
  }

  /** Queues a DHCP message that `write` makes of the template, at the offset that it is given. */
  message(envelope: Envelope, write: (view: DataView, at: number) => void): void {
    const slot = this.#slot();
    putHeaders(this.#outgoing, slot * SLOT_BYTES, envelope);
    write(this.#outgoing, this.#messageAt(slot));
    this.#sending.putMessage(slot, slot * SLOT_BYTES, HEADER_BYTES + MESSAGE_BYTES, 0);
  }

  /** Sends one frame at once. */
  frame(bytes: Uint8Array): void {
    this.flush();
    this.#slot();
    for (const [index, byte] of bytes.entries()) this.#outgoing.setUint8(index, byte);
    this.#sending.putMessage(0, 0, bytes.length, 0);
    this.flush();
    putTemplate(this.#outgoing, this.#messageAt(0), 0);
  }

  /** Sends what is queued. */
  flush(): void {
    let done = 0;
    while (done < this.#queued) {
      const result = this.#sending.send(this.#fd, done, this.#queued - done);
      if (result <= 0) break;
      done += result;
    }
    this.sent += done;
    this.#queued = 0;
  }

  close(): void {
    this.#readiness?.close();
    this.#libc.close(this.#fd);
  }

  #slot(): number {
    if (this.#queued === this.#slots) this.flush();
    this.#queued += 1;
    return this.#queued - 1;
  }

  #messageAt(slot: number): number {
    return slot * SLOT_BYTES + HEADER_BYTES;
  }

  #listen(slots: number, hear: Hear): void {
    const incoming = pinnedMemory(this.#libc, slots * SLOT_BYTES);
    const receiving = new MessageVector(this.#libc, incoming, slots);
    for (let slot = 0; slot < slots; slot += 1) receiving.putMessage(slot, slot * SLOT_BYTES, SLOT_BYTES, 0);
    this.#readiness = whenReadable(this.#libc, this.#fd, () => {
      const count = receiving.receive(this.#fd, 0, slots);
      for (let slot = 0; slot < count; slot += 1)
        hear(incoming.view, slot * SLOT_BYTES, slot * SLOT_BYTES + receiving.lengthOf(slot));
      this.flush();
    });
  }
}

/** Ethernet, IPv4 and UDP (without a checksum, RFC 768) around a message of a client. */
function putHeaders(view: DataView, frame: number, { hardware, source, server }: Envelope): void {
  putHardware(view, frame, (server?.hardware ?? EVERYBODY) as HardwareAddress);
  putHardware(view, frame + 6, hardware as HardwareAddress);
  view.setUint16(frame + 12, ETH_P_IP);
  const ip = frame + ETHERNET_BYTES;
  view.setUint16(ip, 0x4500);
  view.setUint16(ip + 2, HEADER_BYTES - ETHERNET_BYTES + MESSAGE_BYTES);
  view.setUint32(ip + 4, 0);
  view.setUint16(ip + 8, (64 << 8) | 17);
  view.setUint16(ip + 10, 0);
  view.setUint32(ip + 12, source);
  view.setUint32(ip + 16, server?.address ?? EVERY_ADDRESS);
  view.setUint16(ip + 10, checksum(view, ip, 20));
  view.setUint16(ip + 20, 68);
  view.setUint16(ip + 22, 67);
  view.setUint16(ip + 24, 8 + MESSAGE_BYTES);
  view.setUint16(ip + 26, 0);
}

/** RFC 1071. */
export function checksum(view: DataView, start: number, length: number): number {
  let sum = 0;
  for (let at = start; at < start + length - 1; at += 2) sum += view.getUint16(at);
  if (length % 2 === 1) sum += view.getUint8(start + length - 1) << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** Where the DHCP message of a server's reply to a client begins; undefined: the frame is none. */
export function replyAt(view: DataView, start: number, end: number): number | undefined {
  const ip = start + ETHERNET_BYTES;
  if (end - start < HEADER_BYTES || view.getUint16(start + 12) !== ETH_P_IP) return undefined;
  const udp = ip + (view.getUint8(ip) & 15) * 4;
  const isReply = view.getUint8(ip + 9) === 17 && view.getUint16(udp + 2) === 68;
  return isReply ? udp + 8 : undefined;
}

/** The address that a frame asks for by ARP (RFC 826); undefined: it asks for none. */
export function askedBy(view: DataView, start: number, end: number): number | undefined {
  if (end - start < 42 || view.getUint16(start + 12) !== ETH_P_ARP) return undefined;
  return view.getUint16(start + 20) === 1 ? view.getUint32(start + 38) : undefined;
}

/** RFC 826: the answer to a request, by whoever says that it has the address. */
export function arpAnswer(view: DataView, start: number, holder: number): Uint8Array {
  const bytes = new Uint8Array(60);
  const answer = new DataView(bytes.buffer);
  const asker = hardwareAt(view, start + 22);
  putHardware(answer, 0, asker);
  putHardware(answer, 6, holder as HardwareAddress);
  answer.setUint16(12, ETH_P_ARP);
  answer.setUint32(14, 0x0001_0800);
  answer.setUint32(18, 0x0604_0002);
  putHardware(answer, 22, holder as HardwareAddress);
  answer.setUint32(28, view.getUint32(start + 38));
  putHardware(answer, 32, asker);
  answer.setUint32(38, view.getUint32(start + 28));
  return bytes;
}
