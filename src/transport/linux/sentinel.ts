import { NO_HARDWARE } from '../../net/hardware-address.ts';
import { type Ipv4, LIMITED_BROADCAST, UNSPECIFIED } from '../../net/ipv4.ts';
import {
  assemble,
  attachFilter,
  INDEX_BY_IP_HEADER,
  JUMP_IF_ANY_BIT,
  JUMP_IF_AT_LEAST,
  JUMP_IF_EQUAL,
  LOAD_BYTE,
  LOAD_BYTE_BEYOND,
  LOAD_HALF,
  LOAD_HALF_BEYOND,
  LOAD_WORD,
  PACKET_TYPE,
  PROTOCOL,
  REJECT,
  RETURN,
  type Row,
  VLAN_TAG,
  WHOLE,
} from './bpf.ts';
import { chaddrCheck } from './chaddr-check.ts';
import type { Libc } from './libc.ts';
import {
  AF_PACKET,
  ETH_P_ALL,
  ETH_P_IP,
  linkAddress,
  PACKET_HOST,
  PACKET_IGNORE_OUTGOING,
  PACKET_OTHERHOST,
  SO_RCVBUF,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOL_PACKET,
  SOL_SOCKET,
} from './linux.ts';

/** Offsets in the data, which begin at the IP header; and beyond that header. */
const FRAGMENT = 6;
const PROTOCOL_OF_IP = 9;
const SOURCE = 12;
const TARGET = 16;
const SOURCE_PORT = 0;
const TARGET_PORT = 2;
const MESSAGE = 8;

const UDP = 17;
const LATER_FRAGMENT = 0x1fff;
const VLAN_NUMBER = 0xfff;
const BOOTREQUEST = 1;
const BOOTREPLY = 2;

/** What a flood brings beyond this the kernel drops: bytes. */
const BUFFER_BYTES = 64 * 1024;

export interface SentinelOptions {
  readonly linkIndex: number;
  readonly listenIp: Ipv4;
  /** The segment's own broadcast address; undefined: it has none. */
  readonly broadcast: Ipv4 | undefined;
  readonly serverPort: number;
  readonly clientPort: number;
  /** True: the UDP sockets reject forged messages. */
  readonly checksChaddr: boolean;
}

/**
 * The filter of the sentinel, run by the kernel. What passes never comes to the UDP sockets, and an ordinary day has none
 * of it: messages to this gateway that the chaddr check rejects; unicasts from 0.0.0.0, which the kernel drops
 * (RFC 1812 §5.3.7); and the replies of other servers, as far as they are for all stations or for this gateway.
 */
export function sentinelFilter(options: SentinelOptions): Uint8Array {
  const { listenIp, broadcast, serverPort, clientPort, checksChaddr } = options;
  const verdicts = { relayed: 'dropped', unknown: 'dropped', own: 'dropped', forged: 'passed' };
  const toSegment: Row[] = broadcast === undefined ? [] : [[JUMP_IF_EQUAL, broadcast, 'checked']];
  return assemble([
    [LOAD_HALF, PROTOCOL],
    [JUMP_IF_EQUAL, ETH_P_IP, undefined, 'dropped'],
    [LOAD_BYTE, PROTOCOL_OF_IP],
    [JUMP_IF_EQUAL, UDP, undefined, 'dropped'],
    [LOAD_BYTE, PACKET_TYPE],
    [JUMP_IF_AT_LEAST, PACKET_OTHERHOST, 'dropped'], // To another station, or sent by this host.
    [LOAD_HALF, VLAN_TAG],
    [JUMP_IF_ANY_BIT, VLAN_NUMBER, 'dropped'],
    [LOAD_HALF, FRAGMENT],
    [JUMP_IF_ANY_BIT, LATER_FRAGMENT, 'dropped'],
    [INDEX_BY_IP_HEADER, 0],
    [LOAD_HALF_BEYOND, TARGET_PORT],
    [JUMP_IF_EQUAL, serverPort, 'to a server'],
    [JUMP_IF_EQUAL, clientPort, 'of a server'],
    [LOAD_HALF_BEYOND, SOURCE_PORT],
    [JUMP_IF_EQUAL, serverPort, 'of a server', 'dropped'],
    'to a server',
    [LOAD_BYTE_BEYOND, MESSAGE],
    [JUMP_IF_EQUAL, BOOTREPLY, 'of a server'],
    [JUMP_IF_EQUAL, BOOTREQUEST, undefined, 'dropped'],
    [LOAD_WORD, TARGET],
    [JUMP_IF_EQUAL, LIMITED_BROADCAST, 'checked'],
    ...toSegment,
    [JUMP_IF_EQUAL, listenIp, undefined, 'dropped'],
    [LOAD_WORD, SOURCE],
    [JUMP_IF_EQUAL, UNSPECIFIED, undefined, 'checked'],
    [LOAD_BYTE, PACKET_TYPE],
    [JUMP_IF_EQUAL, PACKET_HOST, 'passed', 'dropped'],
    'checked',
    ...(checksChaddr ? chaddrCheck(MESSAGE, verdicts, true) : [[RETURN, REJECT] satisfies Row]),
    'of a server',
    [LOAD_BYTE_BEYOND, MESSAGE],
    [JUMP_IF_EQUAL, BOOTREPLY, undefined, 'dropped'],
    [LOAD_WORD, SOURCE],
    [JUMP_IF_EQUAL, listenIp, 'dropped'],
    [LOAD_BYTE, PACKET_TYPE],
    [JUMP_IF_EQUAL, PACKET_HOST, undefined, 'passed'],
    [LOAD_WORD, TARGET], // A router passes the replies of its neighbours on: they are not for this segment.
    [JUMP_IF_EQUAL, listenIp, 'passed', 'dropped'],
    'passed',
    [RETURN, WHOLE],
    'dropped',
    [RETURN, REJECT],
  ]);
}

/**
 * Opens the packet socket beside the UDP sockets that receives what they do not; a negative error number without the
 * right to it (CAP_NET_RAW). Bound to all protocols: bound to IP alone it would cost more (IP copies what it shares).
 */
export function openSentinel(libc: Libc, options: SentinelOptions): number {
  const fd = libc.socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return fd;
  // Since Linux 4.20 it spares a look at each reply; before, the filter drops them.
  libc.setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1);
  libc.setsockopt(fd, SOL_SOCKET, SO_RCVBUF, BUFFER_BYTES);
  // The filter is attached before the protocol is set, so no unfiltered frame arrives.
  const filtered = attachFilter(libc, fd, sentinelFilter(options));
  const result =
    filtered < 0 ? filtered : libc.bind(fd, linkAddress(ETH_P_ALL, options.linkIndex, NO_HARDWARE));
  if (result >= 0) return fd;
  libc.close(fd);
  return result;
}
