import { readFileSync } from 'node:fs';
import { NO_HARDWARE } from '../../net/hardware-address.ts';
import { type Ipv4, LIMITED_BROADCAST, UNSPECIFIED } from '../../net/ipv4.ts';
import { maskOfLength, type Prefix } from '../../net/prefix.ts';
import {
  AND,
  assemble,
  attachFilter,
  JUMP_IF_EQUAL,
  LOAD_BYTE,
  LOAD_HALF,
  LOAD_WORD,
  PACKET_TYPE,
  PROTOCOL,
  REJECT,
  RETURN,
  VLAN_TAG,
} from './bpf.ts';
import { chaddrCheck } from './chaddr-check.ts';
import { findInterface } from './interfaces.ts';
import type { Libc } from './libc.ts';
import {
  AF_PACKET,
  ETH_P_ALL,
  ETH_P_IP,
  linkAddress,
  PACKET_IGNORE_OUTGOING,
  PACKET_OTHERHOST,
  PACKET_OUTGOING,
  PACKET_STATISTICS,
  SO_RCVBUF,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOL_PACKET,
  SOL_SOCKET,
} from './linux.ts';

/** Counts frames at the interface, before any firewall of this machine. */
export interface FrameCounter {
  /**
   * The frames since the last call that the UDP sockets should have received, less those that the kernel has dropped for
   * a fault of theirs, such as a wrong checksum.
   */
  count(): number;
  close(): void;
}

/** The interface, and the messages that count. */
export interface FrameCounterOptions {
  readonly interfaceName: string;
  readonly listenIp: Ipv4;
  readonly prefix: Prefix;
  readonly serverPort?: number;
  /** True: the UDP sockets have the chaddr check, so what that rejects does not count. */
  readonly checksChaddr?: boolean;
}

/** Offsets from the IP header, which has no options, to what follows it. */
const FRAGMENT = 6;
const PROTOCOL_OF_IP = 9;
const SOURCE = 12;
const TARGET = 16;
const TARGET_PORT = 22;
const MESSAGE = 28;
const OP = MESSAGE;

const NO_OPTIONS = 0x45;
const FRAGMENTED = 0x3fff;
const UDP = 17;
const BOOTREQUEST = 1;
const VLAN_NUMBER = 0xfff;

/**
 * The filter of the counting socket, run by the kernel. Broadcast requests to the server's port pass, from a client without
 * an address or one in the segment. This host's own frames, those for other hosts or of a VLAN do not pass, nor those that
 * the kernel would drop as forged (RFC 1812 §5.3.7).
 */
export function requestFilter(options: FrameCounterOptions): Uint8Array {
  const { listenIp, prefix, serverPort = 67, checksChaddr = false } = options;
  const check = checksChaddr
    ? chaddrCheck(MESSAGE, { relayed: 'counted', unknown: 'counted', own: 'counted', forged: 'rejected' })
    : [];
  return assemble([
    [LOAD_HALF, PROTOCOL],
    [JUMP_IF_EQUAL, ETH_P_IP, undefined, 'rejected'],
    [LOAD_BYTE, PACKET_TYPE],
    [JUMP_IF_EQUAL, PACKET_OTHERHOST, 'rejected'],
    [JUMP_IF_EQUAL, PACKET_OUTGOING, 'rejected'],
    [LOAD_HALF, VLAN_TAG],
    [AND, VLAN_NUMBER],
    [JUMP_IF_EQUAL, 0, undefined, 'rejected'],
    [LOAD_BYTE, 0],
    [JUMP_IF_EQUAL, NO_OPTIONS, undefined, 'rejected'],
    [LOAD_BYTE, PROTOCOL_OF_IP],
    [JUMP_IF_EQUAL, UDP, undefined, 'rejected'],
    [LOAD_HALF, FRAGMENT],
    [AND, FRAGMENTED],
    [JUMP_IF_EQUAL, 0, undefined, 'rejected'],
    [LOAD_HALF, TARGET_PORT],
    [JUMP_IF_EQUAL, serverPort, undefined, 'rejected'],
    [LOAD_BYTE, OP],
    [JUMP_IF_EQUAL, BOOTREQUEST, undefined, 'rejected'],
    [LOAD_WORD, SOURCE],
    [JUMP_IF_EQUAL, UNSPECIFIED, 'of a guest'],
    [JUMP_IF_EQUAL, listenIp, 'rejected'],
    [AND, maskOfLength(prefix.length)],
    [JUMP_IF_EQUAL, prefix.network, undefined, 'rejected'],
    'of a guest',
    [LOAD_WORD, TARGET],
    [JUMP_IF_EQUAL, LIMITED_BROADCAST, undefined, 'rejected'],
    ...check,
    'counted',
    [RETURN, 1], // Octets that are kept of it: it is counted, and never read.
    'rejected',
    [RETURN, REJECT],
  ]);
}

/** undefined: not possible, for example without the capability NET_RAW. */
export function openFrameCounter(libc: Libc, options: FrameCounterOptions): FrameCounter | undefined {
  const link = findInterface(options.interfaceName);
  const fd = link === undefined ? -1 : libc.socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (link === undefined || fd < 0) return undefined;
  const results = [
    attachFilter(libc, fd, requestFilter(options)), // Before the protocol is set, so no unfiltered frame counts.
    libc.setsockopt(fd, SOL_SOCKET, SO_RCVBUF, 1), // The least possible: frames without room count too.
    libc.bind(fd, linkAddress(ETH_P_ALL, link.index, NO_HARDWARE)),
  ];
  if (results.some((result) => result < 0)) {
    libc.close(fd);
    return undefined;
  }
  libc.setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1); // Spares a look at each reply, since Linux 4.20.
  let dropped = droppedByKernel();
  return {
    count: () => {
      const came = libc.getsockopt(fd, SOL_PACKET, PACKET_STATISTICS); // Reading it sets it to 0.
      if (came <= 0) return 0;
      const before = dropped;
      dropped = droppedByKernel();
      return Math.max(0, came - (dropped - before));
    },
    close: () => libc.close(fd),
  };
}

/** Counters of dropped datagrams, by file of /proc and line: dropped for a fault of theirs, or because no room was left. */
const DROPS = [
  ['snmp', 'Ip:', ['InHdrErrors', 'InAddrErrors', 'InDiscards']],
  ['snmp', 'Udp:', ['InErrors']],
  ['netstat', 'IpExt:', ['InTruncatedPkts', 'InNoRoutes']],
] as const;

/** The datagrams that the kernel has dropped in this network namespace; 0 where that cannot be read. */
function droppedByKernel(): number {
  let sum = 0;
  for (const [file, line, names] of DROPS) {
    try {
      sum += sumIn(readFileSync(`/proc/thread-self/net/${file}`, 'latin1'), line, names);
    } catch {
      // A kernel without that file has counted nothing in it.
    }
  }
  return sum;
}

/** The sum of the wanted counters in two lines with this beginning: names in the first, numbers in the second. */
function sumIn(statistics: string, line: string, wanted: readonly string[]): number {
  const [names = [], numbers = []] = statistics
    .split('\n')
    .filter((text) => text.startsWith(line))
    .map((text) => text.split(' '));
  return wanted.reduce((sum, name) => sum + (Number(numbers[names.indexOf(name)]) || 0), 0);
}
