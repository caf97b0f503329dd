import { type HardwareAddress, hardwareAt, NO_HARDWARE } from '../../net/hardware-address.ts';
import { type Ipv4, ipv4 } from '../../net/ipv4.ts';

/** The part of rtnetlink (rtnetlink(7)) that is read here: links, IPv4 addresses, and notices of their changes. */
export const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const RTM_NEWLINK = 16;
const RTM_DELLINK = 17;
export const RTM_GETLINK = 18;
const RTM_NEWADDR = 20;
const RTM_DELADDR = 21;
export const RTM_GETADDR = 22;
export const NLM_F_REQUEST = 1;
const NLM_F_DUMP = 0x300;
const NLM_F_DUMP_INTR = 0x10;
const IFLA_ADDRESS = 1;
const IFLA_IFNAME = 3;
const IFLA_MTU = 4;
const IFLA_LINK = 5;
const IFLA_MASTER = 10;
const IFLA_LINKINFO = 18;
const IFLA_INFO_KIND = 1;
const IFLA_INFO_DATA = 2;
const IFLA_VLAN_ID = 1;
const IFLA_BR_VLAN_FILTERING = 7;
const IFLA_BR_VLAN_DEFAULT_PVID = 39;
const IFLA_VXLAN_LOCAL = 4;
const IFLA_EXT_MASK = 29;
const RTEXT_FILTER_SKIP_STATS = 8;
const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const IFF_UP = 1;
const IFF_LOOPBACK = 8;
const IFF_LOWER_UP = 0x10000;

/** Multicast groups of notices: RTMGRP_LINK and RTMGRP_IPV4_IFADDR. */
export const LINK_AND_ADDRESS_NOTICES = 0x11;

export interface LinkMessage {
  readonly kind: 'link' | 'link-gone';
  readonly index: number;
  readonly name: string;
  readonly mtu: number;
  readonly up: boolean;
  readonly carrier: boolean;
  readonly loopback: boolean;
  readonly hardware: HardwareAddress;
  /** The index of the bridge, VRF or bond of which it is a port; 0: none. */
  readonly master: number;
  /** `bridge`, `vrf`, ...; empty for most physical ones. */
  readonly type: string;
  /** The index of the interface that it stands on, as a VLAN's does; 0: on none. */
  readonly lower: number;
  /** Of a VLAN: its number. Of a bridge: that of frames without a tag. 0: none. */
  readonly vlan: number;
  /** Of a bridge: whether it tells VLANs apart. */
  readonly filtersVlans: boolean;
  /** Of a VXLAN: the IPv4 address of this host at which it ends, if one is set. */
  readonly tunnelEnd: Ipv4 | undefined;
}

export interface AddressMessage {
  readonly kind: 'address' | 'address-gone';
  readonly index: number;
  readonly address: Ipv4;
  readonly prefixLength: number;
}

type Content =
  | LinkMessage
  | AddressMessage
  /** The end of a dump. */
  | { readonly kind: 'done' }
  | { readonly kind: 'error'; readonly errno: number }
  | { readonly kind: 'other' };

export type NetlinkMessage = Content & {
  /** True: something changed during this dump. */
  readonly interrupted: boolean;
};

/** The request for all links or all IPv4 addresses. */
export function dumpRequest(type: typeof RTM_GETLINK | typeof RTM_GETADDR): Uint8Array {
  const bytes = new Uint8Array(type === RTM_GETLINK ? 40 : 24);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.length, true);
  view.setUint16(4, type, true);
  view.setUint16(6, NLM_F_REQUEST | NLM_F_DUMP, true);
  if (type === RTM_GETLINK) {
    view.setUint16(32, 8, true);
    view.setUint16(34, IFLA_EXT_MASK, true);
    view.setUint32(36, RTEXT_FILTER_SKIP_STATS, true);
  } else {
    view.setUint8(16, 2); // AF_INET: the first byte of the ifaddrmsg.
  }
  return bytes;
}

/** Reads all messages of one receive. A message that is cut short is left out. */
export function netlinkMessages(bytes: Uint8Array): NetlinkMessage[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const messages: NetlinkMessage[] = [];
  let offset = 0;
  while (offset + 16 <= bytes.length) {
    const length = view.getUint32(offset, true);
    if (length < 16 || offset + length > bytes.length) break;
    const interrupted = (view.getUint16(offset + 6, true) & NLM_F_DUMP_INTR) !== 0;
    messages.push({ ...messageAt(bytes, view, offset, offset + length), interrupted });
    offset += aligned(length);
  }
  return messages;
}

function messageAt(bytes: Uint8Array, view: DataView, start: number, end: number): Content {
  const type = view.getUint16(start + 4, true);
  const body = start + 16;
  const size = end - body;
  switch (type) {
    case NLMSG_DONE:
      return { kind: 'done' };
    case NLMSG_ERROR:
      return { kind: 'error', errno: size >= 4 ? -view.getInt32(body, true) : 0 };
    case RTM_NEWLINK:
    case RTM_DELLINK:
      return size >= 16 ? linkMessageAt(bytes, view, body, end, type === RTM_NEWLINK) : { kind: 'other' };
    case RTM_NEWADDR:
    case RTM_DELADDR:
      return size >= 8 ? addressMessageAt(view, body, end, type === RTM_NEWADDR) : { kind: 'other' };
    default:
      return { kind: 'other' };
  }
}

/** struct ifinfomsg, then attributes. */
function linkMessageAt(
  bytes: Uint8Array,
  view: DataView,
  body: number,
  end: number,
  isThere: boolean,
): LinkMessage {
  const flags = view.getUint32(body + 8, true);
  let name = '';
  let mtu = 0;
  let hardware = NO_HARDWARE;
  let master = 0;
  let lower = 0;
  let info: LinkInfo = NO_INFO;
  for (const { type, at, size } of attributes(view, body + 16, end)) {
    if (type === IFLA_IFNAME) name = textAt(bytes, at, size);
    else if (type === IFLA_MTU && size === 4) mtu = view.getUint32(at, true);
    else if (type === IFLA_ADDRESS && size === 6) hardware = hardwareAt(view, at);
    else if (type === IFLA_MASTER && size === 4) master = view.getUint32(at, true);
    else if (type === IFLA_LINK && size === 4) lower = view.getUint32(at, true);
    else if (type === IFLA_LINKINFO) info = linkInfoAt(bytes, view, at, at + size);
  }
  return {
    kind: isThere ? 'link' : 'link-gone',
    index: view.getInt32(body + 4, true),
    name,
    mtu,
    up: (flags & IFF_UP) !== 0,
    carrier: (flags & IFF_LOWER_UP) !== 0,
    loopback: (flags & IFF_LOOPBACK) !== 0,
    hardware,
    master,
    lower,
    ...info,
  };
}

type LinkInfo = Pick<LinkMessage, 'type' | 'vlan' | 'filtersVlans' | 'tunnelEnd'>;
const NO_INFO: LinkInfo = { type: '', vlan: 0, filtersVlans: false, tunnelEnd: undefined };

/** The attributes within IFLA_LINKINFO. The kernel puts the kind before what depends on it. */
function linkInfoAt(bytes: Uint8Array, view: DataView, from: number, end: number): LinkInfo {
  let info = NO_INFO;
  for (const { type, at, size } of attributes(view, from, end)) {
    if (type === IFLA_INFO_KIND) info = { ...info, type: textAt(bytes, at, size) };
    else if (type === IFLA_INFO_DATA && info.type === 'vlan')
      info = { ...info, vlan: shortIn(view, at, at + size, IFLA_VLAN_ID) };
    else if (type === IFLA_INFO_DATA && info.type === 'vxlan')
      info = { ...info, tunnelEnd: addressIn(view, at, at + size, IFLA_VXLAN_LOCAL) };
    else if (type === IFLA_INFO_DATA && info.type === 'bridge')
      info = {
        ...info,
        vlan: shortIn(view, at, at + size, IFLA_BR_VLAN_DEFAULT_PVID),
        filtersVlans: byteIn(view, at, at + size, IFLA_BR_VLAN_FILTERING) !== 0,
      };
  }
  return info;
}

function shortIn(view: DataView, from: number, end: number, wanted: number): number {
  for (const { type, at, size } of attributes(view, from, end))
    if (type === wanted && size === 2) return view.getUint16(at, true);
  return 0;
}

function addressIn(view: DataView, from: number, end: number, wanted: number): Ipv4 | undefined {
  for (const { type, at, size } of attributes(view, from, end))
    if (type === wanted && size === 4) return ipv4(view.getUint32(at));
  return undefined;
}

function byteIn(view: DataView, from: number, end: number, wanted: number): number {
  for (const { type, at, size } of attributes(view, from, end))
    if (type === wanted && size === 1) return view.getUint8(at);
  return 0;
}

/** struct ifaddrmsg, then attributes; on a point-to-point link IFA_ADDRESS is the peer's, IFA_LOCAL always ours. */
function addressMessageAt(view: DataView, body: number, end: number, isThere: boolean): AddressMessage {
  let local: Ipv4 | undefined;
  let address: Ipv4 | undefined;
  for (const { type, at, size } of attributes(view, body + 8, end)) {
    if (size !== 4) continue;
    if (type === IFA_LOCAL) local = ipv4(view.getUint32(at));
    else if (type === IFA_ADDRESS) address = ipv4(view.getUint32(at));
  }
  return {
    kind: isThere ? 'address' : 'address-gone',
    index: view.getUint32(body + 4, true),
    address: local ?? address ?? ipv4(0),
    prefixLength: view.getUint8(body + 1),
  };
}

export function* attributes(
  view: DataView,
  from: number,
  end: number,
): Generator<{ type: number; at: number; size: number }> {
  let offset = from;
  while (offset + 4 <= end) {
    const length = view.getUint16(offset, true);
    if (length < 4 || offset + length > end) return;
    yield { type: view.getUint16(offset + 2, true) & 0x3fff, at: offset + 4, size: length - 4 };
    offset += aligned(length);
  }
}

function textAt(bytes: Uint8Array, at: number, size: number): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + at, size).toString('latin1');
  const end = text.indexOf('\0');
  return end < 0 ? text : text.slice(0, end);
}

function aligned(length: number): number {
  return (length + 3) & ~3;
}
