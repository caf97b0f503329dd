import { ip, mac, u16 } from './packet.ts';

/** A UDP datagram as it stands in an Ethernet frame; addresses are text. */
export interface UdpFrame {
  readonly sourceHardware: string;
  readonly destinationHardware: string;
  readonly source: string;
  readonly destination: string;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly payload: Uint8Array;
}

/** Writes Ethernet (RFC 894), IPv4 (RFC 791) and UDP (RFC 768) headers around a payload, with whole checksums. */
export function udpFrame(frame: UdpFrame): Uint8Array {
  const udpLength = 8 + frame.payload.length;
  const udp = [...u16(frame.sourcePort), ...u16(frame.destinationPort), ...u16(udpLength), 0, 0];
  const pseudo = [...ip(frame.source), ...ip(frame.destination), 0, 17, ...u16(udpLength)];
  const udpSum = checksum([...pseudo, ...udp, ...frame.payload]) || 0xffff;
  const header = [0x45, 0, ...u16(20 + udpLength), 0, 0, 0, 0, 64, 17, 0, 0];
  header.push(...ip(frame.source), ...ip(frame.destination));
  const sum = checksum(header);
  return Uint8Array.from([
    ...mac(frame.destinationHardware),
    ...mac(frame.sourceHardware),
    0x08,
    0x00,
    ...header.slice(0, 10),
    ...u16(sum),
    ...header.slice(12),
    ...udp.slice(0, 6),
    ...u16(udpSum),
    ...frame.payload,
  ]);
}

/**
 * Undefined for a frame that is no unfragmented UDP. Throws if a checksum is wrong; UDP's own only if it is to be looked at:
 * between machines of one host the kernel leaves it unfinished.
 */
export function readUdpFrame(frame: Buffer, isChecked = true): UdpFrame | undefined {
  if (frame.length < 42 || frame.readUInt16BE(12) !== 0x0800 || frame[14] !== 0x45 || frame[23] !== 17)
    return undefined;
  const size = frame.readUInt16BE(16);
  const header = frame.subarray(14, 34);
  if (checksum(header) !== 0) throw new Error('an IPv4 header with a wrong checksum');
  const udp = frame.subarray(34, 14 + size);
  const isSummed = udp.readUInt16BE(6) !== 0;
  const pseudo = [...frame.subarray(26, 34), 0, 17, ...u16(udp.length)];
  if (isChecked && isSummed && checksum([...pseudo, ...udp]) !== 0)
    throw new Error('a UDP datagram with a wrong checksum');
  return {
    destinationHardware: hardwareText(frame, 0),
    sourceHardware: hardwareText(frame, 6),
    source: addressText(frame, 26),
    destination: addressText(frame, 30),
    sourcePort: udp.readUInt16BE(0),
    destinationPort: udp.readUInt16BE(2),
    payload: udp.subarray(8),
  };
}

/** RFC 1071. */
function checksum(bytes: Uint8Array | readonly number[]): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

export function hardwareText(bytes: Uint8Array, at: number): string {
  return [...bytes.subarray(at, at + 6)].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}

export function addressText(bytes: Uint8Array, at: number): string {
  return bytes.subarray(at, at + 4).join('.');
}
