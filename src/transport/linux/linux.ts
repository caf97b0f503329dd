import { constants } from 'node:os';
import { getSystemErrorName } from 'node:util';
import { type HardwareAddress, hardwareAt, putHardware } from '../../net/hardware-address.ts';
import { type Ipv4, ipv4 } from '../../net/ipv4.ts';

/** Constants of Linux's system calls, equal on every 64-bit architecture that is supported. */
export const AF_INET = 2;
export const AF_NETLINK = 16;
export const AF_PACKET = 17;

export const SOCK_DGRAM = 2;
export const SOCK_RAW = 3;
export const SOCK_CLOEXEC = 0o2000000;
export const MSG_TRUNC = 0x20;
export const MSG_DONTWAIT = 0x40;

export const IPPROTO_IP = 0;
export const IP_PKTINFO = 8;

export const SOL_SOCKET = 1;
export const SO_REUSEADDR = 2;
export const SO_BROADCAST = 6;
export const SO_SNDBUF = 7;
export const SO_RCVBUF = 8;
export const SO_NO_CHECK = 11;
export const SO_RCVTIMEO = 20;
export const SO_BINDTODEVICE = 25;
export const SO_ATTACH_FILTER = 26;
export const SO_SNDBUFFORCE = 32;
export const SO_RCVBUFFORCE = 33;
export const SO_RXQ_OVFL = 40;

export const SOL_PACKET = 263;
export const PACKET_STATISTICS = 6;
export const PACKET_IGNORE_OUTGOING = 23;

export const ETH_P_ALL = 0x0003;
export const ETH_P_IP = 0x0800;
export const ETH_P_ARP = 0x0806;

export const ENOENT = constants.errno.ENOENT;
export const EINTR = constants.errno.EINTR;
export const EAGAIN = constants.errno.EAGAIN;
export const EPERM = constants.errno.EPERM;
export const EACCES = constants.errno.EACCES;
export const ENODEV = constants.errno.ENODEV;
export const ENOBUFS = constants.errno.ENOBUFS;
export const EADDRINUSE = constants.errno.EADDRINUSE;
export const EADDRNOTAVAIL = constants.errno.EADDRNOTAVAIL;

/** The name of an error number: 98 or -98 is EADDRINUSE. */
export function errnoName(errno: number): string {
  const number = Math.abs(errno);
  try {
    return getSystemErrorName(-number);
  } catch {
    return `errno ${number}`; // Node names only those that libuv knows, and throws for others.
  }
}

/** Bytes of a sockaddr_in. */
export const INET_ADDRESS_BYTES = 16;

/** Writes a sockaddr_in: the family in host order, port and address in network order. */
export function putInetAddress(view: DataView, offset: number, address: Ipv4, port: number): void {
  view.setUint16(offset, AF_INET, true);
  view.setUint16(offset + 2, port);
  view.setUint32(offset + 4, address);
}

/** Reads the IP address out of a sockaddr_in. */
export function inetAddressAt(view: DataView, offset: number): Ipv4 {
  return ipv4(view.getUint32(offset + 4));
}

export function inetAddress(address: Ipv4, port: number): Uint8Array {
  const bytes = new Uint8Array(INET_ADDRESS_BYTES);
  putInetAddress(new DataView(bytes.buffer), 0, address, port);
  return bytes;
}

/** Bytes of a sockaddr_ll, and where the hardware address stands in it. */
export const LINK_ADDRESS_BYTES = 20;
export const LINK_HARDWARE = 12;
/** sll_pkttype: how the frame was addressed. */
export const LINK_PACKET_TYPE = 10;

/** Writes a sockaddr_ll: the protocol (EtherType) in network order, everything else in host order. */
export function putLinkAddress(
  view: DataView,
  offset: number,
  protocol: number,
  index: number,
  hardware: HardwareAddress,
): void {
  view.setUint16(offset, AF_PACKET, true);
  view.setUint16(offset + 2, protocol);
  view.setInt32(offset + 4, index, true);
  view.setUint8(offset + 11, 6);
  putHardware(view, offset + LINK_HARDWARE, hardware);
}

export function linkAddress(protocol: number, index: number, hardware: HardwareAddress): Uint8Array {
  const bytes = new Uint8Array(LINK_ADDRESS_BYTES);
  putLinkAddress(new DataView(bytes.buffer), 0, protocol, index, hardware);
  return bytes;
}

/** Packet types of a sockaddr_ll (packet(7)). */
export const PACKET_HOST = 0;
export const PACKET_BROADCAST = 1;
export const PACKET_OTHERHOST = 3;
export const PACKET_OUTGOING = 4;
export const PACKET_LOOPBACK = 5;

/** Reads interface index and hardware address out of a sockaddr_ll. */
export function linkAddressOf(bytes: Uint8Array): { index: number; hardware: HardwareAddress } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { index: view.getInt32(4, true), hardware: hardwareAt(view, LINK_HARDWARE) };
}
