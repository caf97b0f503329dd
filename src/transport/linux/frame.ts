import type { Ipv4 } from '../../net/ipv4.ts';

/** Bytes of an IPv4 header without options and a UDP header. */
export const FRAME_HEADER_BYTES = 28;

const UDP = 17;
const TIME_TO_LIVE = 64;
const DONT_FRAGMENT = 0x4000;

/**
 * Writes the IPv4 (RFC 791 §3.1) and UDP (RFC 768) headers of a datagram into the FRAME_HEADER_BYTES before its payload.
 * Both checksums are whole: a guest on this host reads the frame as it is, and drops one that is half made.
 */
export function putFrameHeaders(
  view: DataView,
  payload: number,
  length: number,
  source: Ipv4,
  sourcePort: number,
  target: Ipv4,
  targetPort: number,
): void {
  const ip = payload - FRAME_HEADER_BYTES;
  const udp = payload - 8;
  view.setUint16(ip, 0x4500); // Version 4, five words of header.
  view.setUint16(ip + 2, FRAME_HEADER_BYTES + length);
  view.setUint16(ip + 4, 0); // RFC 6864 §4.1: the identification of an atomic datagram means nothing.
  view.setUint16(ip + 6, DONT_FRAGMENT);
  view.setUint16(ip + 8, (TIME_TO_LIVE << 8) | UDP);
  view.setUint16(ip + 10, 0);
  view.setUint32(ip + 12, source);
  view.setUint32(ip + 16, target);
  view.setUint16(ip + 10, ~folded(sumOf(view, ip, 20)) & 0xffff);

  view.setUint16(udp, sourcePort);
  view.setUint16(udp + 2, targetPort);
  view.setUint16(udp + 4, 8 + length);
  view.setUint16(udp + 6, 0);
  // The pseudo header: both addresses, the protocol and the length.
  const pseudo = sumOf(view, ip + 12, 8) + UDP + 8 + length;
  const checksum = ~folded(pseudo + sumOf(view, udp, 8 + length)) & 0xffff;
  view.setUint16(udp + 6, checksum === 0 ? 0xffff : checksum); // RFC 768: 0 would say that there is none.
}

/** The sum of 16-bit words, an odd last byte padded with zero; exact far beyond 64 KiB. */
function sumOf(view: DataView, offset: number, length: number): number {
  let sum = 0;
  const end = offset + (length & ~1);
  for (let at = offset; at < end; at += 2) sum += view.getUint16(at);
  return (length & 1) === 0 ? sum : sum + view.getUint8(end) * 256;
}

/** RFC 1071 §2: the one's complement sum, carries added back in. */
function folded(sum: number): number {
  const once = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return (once & 0xffff) + (once >>> 16);
}
