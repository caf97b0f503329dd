import { type HardwareAddress, hardwareAt } from '../../net/hardware-address.ts';
import { type Ipv4, ipv4, UNSPECIFIED } from '../../net/ipv4.ts';

/** Offsets in the IP header, in the UDP header, and in a DHCP message. */
const IP_LENGTH = 2;
const FRAGMENT = 6;
const SOURCE = 12;
const TARGET = 16;
const UDP_LENGTH = 4;
const UDP_BYTES = 8;
const HTYPE_AND_HLEN = 1;
const GIADDR = 24;
const CHADDR = 28;
const COOKIE = 236;

/** More fragments, or an offset: nobody puts the pieces of these together. */
const FRAGMENTED = 0x3fff;
const BOOTREPLY = 2;
const ETHERNET = 0x0106;
const COOKIE_OF_DHCP = 0x63825363;

/** The UDP payload in a frame that the sentinel has received. */
export interface SentinelFrame {
  readonly offset: number;
  readonly length: number;
  readonly source: Ipv4;
  readonly target: Ipv4;
  /** The frame's source, if it tells more than chaddr: the message is a server's, or not of its client's own card. */
  readonly frameSource: HardwareAddress | undefined;
}

/**
 * Reads the headers of a frame from its IP header on. The kernel has not looked at them: what IP would not have accepted
 * is undefined, but for wrong checksums, which may be unfinished between machines of one host.
 *
 * @param length The octets that are there.
 * @param sender The frame's Ethernet source.
 */
export function sentinelFrame(
  view: DataView,
  offset: number,
  length: number,
  sender: HardwareAddress,
  checksChaddr: boolean,
): SentinelFrame | undefined {
  if (length < 20) return undefined;
  const header = (view.getUint8(offset) & 15) * 4;
  const end = view.getUint16(offset + IP_LENGTH);
  if (header < 20 || end < header + UDP_BYTES || end > length) return undefined;
  if ((view.getUint16(offset + FRAGMENT) & FRAGMENTED) !== 0) return undefined;
  const udpLength = view.getUint16(offset + header + UDP_LENGTH);
  if (udpLength < UDP_BYTES || header + udpLength > end) return undefined;

  const payload = offset + header + UDP_BYTES;
  const size = udpLength - UDP_BYTES;
  const isReply = size > 0 && view.getUint8(payload) === BOOTREPLY;
  if (isReply && !isOfDhcp(view, payload, size)) return undefined; // Whoever talks to port 68, such as DNS.
  return {
    offset: payload,
    length: size,
    source: ipv4(view.getUint32(offset + SOURCE)),
    target: ipv4(view.getUint32(offset + TARGET)),
    frameSource: isReply || (checksChaddr && isForged(view, payload, size, sender)) ? sender : undefined,
  };
}

function isOfDhcp(view: DataView, payload: number, size: number): boolean {
  return size >= COOKIE + 4 && view.getUint32(payload + COOKIE) === COOKIE_OF_DHCP;
}

/** What the filters find out for themselves; here for unicasts from 0.0.0.0, which pass without. */
function isForged(view: DataView, payload: number, size: number, sender: HardwareAddress): boolean {
  if (size < CHADDR + 6 || view.getUint32(payload + GIADDR) !== UNSPECIFIED) return false;
  return (
    view.getUint16(payload + HTYPE_AND_HLEN) === ETHERNET && hardwareAt(view, payload + CHADDR) !== sender
  );
}
