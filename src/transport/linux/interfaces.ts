import { readdirSync, readFileSync } from 'node:fs';
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';
import { GatewayError } from '../../errors.ts';
import { type HardwareAddress, hardwareFromText, NO_HARDWARE } from '../../net/hardware-address.ts';
import { ipv4FromText } from '../../net/ipv4.ts';
import type { Link, LinkAddress } from '../../net/link.ts';
import { type Libc, loadLibc } from './libc.ts';
import { AF_NETLINK, EINTR, MSG_DONTWAIT, SO_RCVTIMEO, SOCK_CLOEXEC, SOCK_RAW, SOL_SOCKET } from './linux.ts';
import {
  dumpRequest,
  type LinkMessage,
  type NetlinkMessage,
  netlinkMessages,
  RTM_GETADDR,
  RTM_GETLINK,
} from './netlink.ts';

export interface Interface extends Link {
  readonly hardware: HardwareAddress;
  /** True: a cable is connected, or for a bridge a port. `up` only tells that the operator has set it up. */
  readonly carrier: boolean;
  readonly loopback: boolean;
  /** The VRF of the interface; absent: none. */
  readonly vrf?: Vrf;
}

/** A VRF: a routing table for some of the interfaces, which is an interface itself. */
export interface Vrf {
  readonly name: string;
  readonly index: number;
}

/** Reads the interfaces of the network namespace in which it was opened. */
export interface InterfaceReader {
  /** Every interface with its IPv4 addresses, in the order of their indexes. */
  read(): readonly Interface[];
  close(): void;
}

export function readInterfaces(): readonly Interface[] {
  const reader = openInterfaceReader();
  try {
    return reader.read();
  } finally {
    reader.close();
  }
}

export function findInterface(name: string): Interface | undefined {
  return readInterfaces().find((each) => each.name === name);
}

/** Reads by rtnetlink, or where that is not possible by Node and /sys, which hide addresses of an interface without carrier. */
export function openInterfaceReader(): InterfaceReader {
  const readByNode = () => fromNode(networkInterfaces(), readSysfs());
  const netlink = openNetlink();
  if (netlink === undefined) return { read: readByNode, close: () => undefined };
  const { libc, fd } = netlink;
  limitWaits(netlink);
  return {
    read: () => readByNetlink(libc, fd) ?? readByNode(),
    close: () => libc.close(fd),
  };
}

export interface Netlink {
  readonly libc: Libc;
  readonly fd: number;
}

/** Nothing is waited for longer than a second. */
export function limitWaits({ libc, fd }: Netlink): void {
  libc.setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, Uint8Array.from([1, ...new Array<number>(15).fill(0)]));
}

/** All links of the network namespace of the socket; undefined: they cannot be read. */
export function readLinks({ libc, fd }: Netlink): readonly LinkMessage[] | undefined {
  const isLink = (message: NetlinkMessage): message is LinkMessage & NetlinkMessage =>
    message.kind === 'link';
  return dump(libc, fd, RTM_GETLINK)?.messages.filter(isLink);
}

/** An rtnetlink socket; undefined: not possible. */
export function openNetlink(): Netlink | undefined {
  let libc: Libc;
  try {
    libc = loadLibc();
  } catch (error) {
    if (error instanceof GatewayError) return undefined;
    throw error;
  }
  const fd = libc.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0);
  return fd < 0 ? undefined : { libc, fd };
}

function readByNetlink(libc: Libc, fd: number): readonly Interface[] | undefined {
  for (let attempt = 1; ; attempt++) {
    const links = dump(libc, fd, RTM_GETLINK);
    const addresses = dump(libc, fd, RTM_GETADDR);
    if (links === undefined || addresses === undefined) return undefined;
    // Something changed meanwhile: read again, three times at the most.
    if (attempt < 3 && (links.changed || addresses.changed)) continue;
    return fromNetlink([...links.messages, ...addresses.messages]);
  }
}

/** One buffer for all reads, since there is one each second. What a read found is copied out of it. */
let dumpBuffer: Uint8Array | undefined;

function dump(
  libc: Libc,
  fd: number,
  type: typeof RTM_GETLINK | typeof RTM_GETADDR,
): { messages: NetlinkMessage[]; changed: boolean } | undefined {
  dumpBuffer ??= new Uint8Array(65_536);
  const buffer = dumpBuffer;
  while (libc.recv(fd, buffer, MSG_DONTWAIT) > 0); // The rest of a dump that failed.
  const kernel = new Uint8Array(12); // struct sockaddr_nl: the kernel is port 0.
  kernel[0] = AF_NETLINK;
  if (libc.sendto(fd, dumpRequest(type), 0, kernel) < 0) return undefined;
  const messages: NetlinkMessage[] = [];
  let changed = false;
  for (;;) {
    const length = libc.recv(fd, buffer, 0);
    if (length === -EINTR) continue;
    if (length <= 0) return undefined;
    for (const message of netlinkMessages(buffer.subarray(0, length))) {
      if (message.kind === 'error') return undefined;
      changed ||= message.interrupted;
      if (message.kind === 'done') return { messages, changed };
      messages.push(message);
    }
  }
}

/** Joins links and addresses by index. */
export function fromNetlink(messages: readonly NetlinkMessage[]): readonly Interface[] {
  const addresses = new Map<number, LinkAddress[]>();
  for (const message of messages) {
    if (message.kind !== 'address') continue;
    const known = addresses.get(message.index) ?? [];
    known.push({ address: message.address, prefixLength: message.prefixLength });
    addresses.set(message.index, known);
  }
  const vrfs = new Map<number, Vrf>();
  for (const message of messages) {
    if (message.kind === 'link' && message.type === 'vrf')
      vrfs.set(message.index, { name: message.name, index: message.index });
  }
  const found: Interface[] = [];
  for (const message of messages) {
    if (message.kind !== 'link') continue;
    const { name, index, mtu, up, carrier, loopback, hardware } = message;
    const vrf = vrfs.get(message.master);
    const link = { name, index, mtu, up, carrier, loopback, hardware, addresses: addresses.get(index) ?? [] };
    found.push(vrf === undefined ? link : { ...link, vrf });
  }
  return found.sort((one, other) => one.index - other.index);
}

/** One interface in /sys/class/net: the text of each file without its newline, '' where it cannot be read. */
export interface SysfsLink {
  readonly name: string;
  readonly ifindex: string;
  readonly mtu: string;
  readonly flags: string;
  readonly carrier: string;
  readonly address: string;
}

function readSysfs(): readonly SysfsLink[] {
  const folder = '/sys/class/net';
  const read = (name: string, file: string): string => {
    try {
      return readFileSync(`${folder}/${name}/${file}`, 'latin1').trim();
    } catch {
      return ''; // `carrier` of an interface that is down cannot be read, and an interface may be gone by now.
    }
  };
  let names: readonly string[];
  try {
    names = readdirSync(folder);
  } catch {
    return [];
  }
  return names.map((name) => ({
    name,
    ifindex: read(name, 'ifindex'),
    mtu: read(name, 'mtu'),
    flags: read(name, 'flags'),
    carrier: read(name, 'carrier'),
    address: read(name, 'address'),
  }));
}

/** Joins the interfaces of Node and of /sys by name. */
export function fromNode(
  listed: Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>,
  sysfs: readonly SysfsLink[],
): readonly Interface[] {
  const found = sysfs
    .filter((link) => link.ifindex !== '')
    .map((link): Interface => {
      const flags = Number(link.flags);
      return {
        name: link.name,
        index: Number(link.ifindex),
        mtu: Number(link.mtu),
        up: (flags & 1) !== 0,
        carrier: link.carrier === '1',
        loopback: (flags & 8) !== 0,
        hardware: hardwareFromText(link.address) ?? NO_HARDWARE,
        addresses: addressesOf(listed[link.name] ?? []),
      };
    });
  return found.sort((one, other) => one.index - other.index);
}

function addressesOf(listed: readonly NetworkInterfaceInfo[]): readonly LinkAddress[] {
  return listed.flatMap(({ family, address, cidr }) => {
    const value = family === 'IPv4' ? ipv4FromText(address) : undefined;
    const length = Number(cidr?.split('/')[1] ?? 32);
    return value === undefined ? [] : [{ address: value, prefixLength: length }];
  });
}
