import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Offerer } from '../../diagnosis/doctor/segment-lines.ts';
import { EVERYBODY, hardwareAt, hardwareToText, putHardware } from '../../net/hardware-address.ts';
import { type Ipv4, ipv4, ipv4ToText, LIMITED_BROADCAST, UNSPECIFIED } from '../../net/ipv4.ts';
import { arpRequest, arpSender } from '../../transport/linux/arp.ts';
import { FRAME_HEADER_BYTES, putFrameHeaders } from '../../transport/linux/frame.ts';
import type { Interface } from '../../transport/linux/interfaces.ts';
import { type Libc, loadLibc } from '../../transport/linux/libc.ts';
import {
  AF_PACKET,
  ETH_P_ARP,
  ETH_P_IP,
  linkAddress,
  MSG_DONTWAIT,
  SOCK_CLOEXEC,
  SOCK_RAW,
} from '../../transport/linux/linux.ts';
import { decode } from '../../wire/decode.ts';
import * as at from '../../wire/layout.ts';

/** How long answers are waited for: some servers ping an address for three seconds before they offer it. Milliseconds. */
const PATIENCE = 3600;
/** A question is sent again after: milliseconds. */
const AGAIN = 1200;
const LOOK_EVERY = 10;
/** What is read in one look, so that a flood ends. */
const FRAMES_A_LOOK = 256;
const LARGEST = 2048;
/** An Ethernet header, and where its source stands: octets. */
const ETHERNET = 14;
const FRAME_SOURCE = 6;
const UDP = 17;
const [SERVER_PORT, CLIENT_PORT] = [67, 68];
/** RFC 1542 §2.1: no message is shorter. */
const MESSAGE_OCTETS = 300;
const ROUTERS = 3;

export interface SegmentAnswers {
  /** The hardware addresses of other machines that have the listen IP, and of those that have the router's address. */
  readonly rivals: readonly string[];
  readonly routers: readonly string[];
  readonly offerers: readonly Offerer[];
}

/** What is asked of a segment, and by which interface. */
export interface SegmentQuestion {
  readonly link: Interface;
  readonly listenIp: Ipv4;
  readonly router: Ipv4;
}

/**
 * Asks the segment by ARP for the listen IP and the router, and by a DHCPDISCOVER for servers. What a server offers is not
 * taken, and goes back to its pool. Takes some seconds. Undefined: this process may not (CAP_NET_RAW).
 */
export async function askSegment(question: SegmentQuestion): Promise<SegmentAnswers | undefined> {
  const libc = loadLibc();
  const sockets = [ETH_P_ARP, ETH_P_IP].map((protocol) => openSocket(libc, question.link, protocol));
  const [arp = -1, ip = -1] = sockets;
  try {
    return arp < 0 || ip < 0 ? undefined : await ask(libc, arp, ip, question);
  } finally {
    for (const fd of sockets) if (fd >= 0) libc.close(fd);
  }
}

function openSocket(libc: Libc, { index, hardware }: Interface, protocol: number): number {
  const fd = libc.socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
  if (fd >= 0 && libc.bind(fd, linkAddress(protocol, index, hardware)) < 0) {
    libc.close(fd);
    return -1;
  }
  return fd;
}

async function ask(libc: Libc, arp: number, ip: number, question: SegmentQuestion): Promise<SegmentAnswers> {
  const { link, listenIp, router } = question;
  const xid = randomInt(1, 2 ** 32 - 1);
  // RFC 5227 §1.1: a probe has no sender address, so nobody takes it for a claim.
  const probes = [listenIp, router].map((address) =>
    frameOf(link, ETH_P_ARP, arpRequest(link.hardware, UNSPECIFIED, address)),
  );
  const discover = frameOf(link, ETH_P_IP, discoverOf(link, xid));
  const heard: HeardAnswers = { question, xid, rivals: new Set(), routers: new Set(), offerers: new Map() };
  for (let time = 0; time < PATIENCE; time += LOOK_EVERY) {
    if (time % AGAIN === 0) {
      for (const probe of probes) libc.sendto(arp, probe, 0, linkAddress(ETH_P_ARP, link.index, EVERYBODY));
      libc.sendto(ip, discover, 0, linkAddress(ETH_P_IP, link.index, EVERYBODY));
    }
    await sleep(LOOK_EVERY);
    eachFrame(libc, arp, (view, length) => noteArp(heard, view, length));
    eachFrame(libc, ip, (view, length) => noteOffer(heard, view, length));
  }
  return { rivals: [...heard.rivals], routers: [...heard.routers], offerers: [...heard.offerers.values()] };
}

interface HeardAnswers {
  readonly question: SegmentQuestion;
  readonly xid: number;
  readonly rivals: Set<string>;
  readonly routers: Set<string>;
  readonly offerers: Map<string, Offerer>;
}

function eachFrame(libc: Libc, fd: number, note: (view: DataView, length: number) => void): void {
  const buffer = new Uint8Array(LARGEST);
  const view = new DataView(buffer.buffer);
  for (let count = 0; count < FRAMES_A_LOOK; count++) {
    const length = libc.recv(fd, buffer, MSG_DONTWAIT);
    if (length < 0) return;
    note(view, Math.min(length, LARGEST));
  }
}

function noteArp({ question, rivals, routers }: HeardAnswers, view: DataView, length: number): void {
  const sender = arpSender(view, ETHERNET, length - ETHERNET);
  if (sender === undefined || sender.hardware === question.link.hardware) return;
  if (sender.address === question.listenIp) rivals.add(hardwareToText(sender.hardware));
  if (sender.address === question.router) routers.add(hardwareToText(sender.hardware));
}

function noteOffer({ xid, offerers }: HeardAnswers, view: DataView, length: number): void {
  const message = replyIn(view, length);
  if (message?.xid !== xid || message.type !== 'DHCPOFFER') return;
  const server = ipv4ToText(message.serverIdentifier ?? message.siaddr);
  const mac = hardwareToText(hardwareAt(view, FRAME_SOURCE));
  const routers = message.raw(ROUTERS);
  const router = routers === undefined ? undefined : addressIn(routers);
  offerers.set(`${server} ${mac}`, { server, mac, offered: ipv4ToText(message.yiaddr), router });
}

function addressIn(value: Uint8Array): string | undefined {
  if (value.length < 4) return undefined;
  return ipv4ToText(ipv4(new DataView(value.buffer, value.byteOffset).getUint32(0)));
}

/** The DHCP reply in a frame for a client; undefined: it has none. */
function replyIn(view: DataView, length: number) {
  const header = (view.getUint8(ETHERNET) & 0x0f) * 4;
  const udp = ETHERNET + header;
  const payload = udp + 8;
  if (length < payload + at.OPTIONS_OFFSET || view.getUint8(ETHERNET + 9) !== UDP) return undefined;
  if (view.getUint16(udp + 2) !== CLIENT_PORT) return undefined;
  const message = decode(new Uint8Array(view.buffer), view, payload, length - payload);
  return message.ok && message.op === at.BOOTREPLY ? message : undefined;
}

function frameOf({ hardware }: Interface, protocol: number, payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(ETHERNET + payload.length);
  const view = new DataView(frame.buffer);
  putHardware(view, 0, EVERYBODY);
  putHardware(view, FRAME_SOURCE, hardware);
  view.setUint16(12, protocol);
  frame.set(payload, ETHERNET);
  return frame;
}

/** RFC 2131 §4.4.1, table 5; with the broadcast flag, since this interface has no address that is offered to it. */
function discoverOf({ hardware }: Interface, xid: number): Uint8Array {
  const bytes = new Uint8Array(FRAME_HEADER_BYTES + MESSAGE_OCTETS);
  const view = new DataView(bytes.buffer);
  const start = FRAME_HEADER_BYTES;
  bytes.set([at.BOOTREQUEST, 1, 6], start);
  view.setUint32(start + at.XID, xid);
  view.setUint16(start + at.FLAGS, at.BROADCAST_FLAG);
  putHardware(view, start + at.CHADDR, hardware);
  view.setUint32(start + at.COOKIE, at.MAGIC_COOKIE);
  bytes.set([53, 1, 1, 55, 3, 1, ROUTERS, 51, 255], start + at.OPTIONS_OFFSET);
  putFrameHeaders(view, start, MESSAGE_OCTETS, UNSPECIFIED, CLIENT_PORT, LIMITED_BROADCAST, SERVER_PORT);
  return bytes;
}
