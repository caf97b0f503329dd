import { type HardwareAddress, putHardware } from '../../net/hardware-address.ts';
import { type Ipv4, ipv4 } from '../../net/ipv4.ts';
import { attributes, NLM_F_REQUEST, NLMSG_ERROR } from './netlink.ts';

/** Of a bridge's forwarding database (FDB) only what is asked of single MACs by rtnetlink; the kernel answers since 5.0. */
const RTM_NEWNEIGH = 28;
const RTM_GETNEIGH = 30;
const AF_BRIDGE = 7;
const NTF_SELF = 2;
const NDA_DST = 1;
const NDA_LLADDR = 2;
const NDA_VLAN = 5;
const NDA_MASTER = 9;

/** Offsets in a message: struct nlmsghdr, struct ndmsg, attributes. */
const TYPE = 4;
const FLAGS = 6;
const SEQUENCE = 8;
const PORT = 12;
const FAMILY = 16;
const INDEX = 20;
const STATE = 24;
const NEIGHBOUR_FLAGS = 26;
const ATTRIBUTES = 28;

/** Bytes of the longest question. */
export const QUESTION_BYTES = 56;
/** Bytes of an answer that are read; it may be longer. */
export const ANSWER_BYTES = 256;

/** The forwarding database that is asked: that of a bridge, or what a tunnel knows of other hosts. */
export type Fdb =
  | {
      readonly of: 'bridge';
      readonly index: number;
      /** 0: the bridge does not tell VLANs apart. */
      readonly vlan: number;
    }
  | { readonly of: 'tunnel'; readonly index: number };

/** What the kernel has answered. */
export type FdbAnswer =
  | {
      readonly kind: 'found';
      /** The number of the question. */
      readonly sequence: number;
      /** The index of the port's interface, or of the tunnel. */
      readonly index: number;
      /** The other host at which a tunnel ends. */
      readonly remote: Ipv4 | undefined;
    }
  | { readonly kind: 'refused'; readonly sequence: number; readonly errno: number }
  | { readonly kind: 'other' };

/** Writes the question for one MAC at an offset, whatever is there. Returns the offset behind it. */
export function putQuestion(
  view: DataView,
  offset: number,
  fdb: Fdb,
  card: HardwareAddress,
  sequence: number,
): number {
  const isTunnel = fdb.of === 'tunnel';
  view.setUint16(offset + TYPE, RTM_GETNEIGH, true);
  view.setUint16(offset + FLAGS, NLM_F_REQUEST, true);
  view.setUint32(offset + SEQUENCE, sequence, true);
  view.setUint32(offset + PORT, 0);
  view.setUint32(offset + FAMILY, AF_BRIDGE, true); // And octets that must be zero.
  view.setInt32(offset + INDEX, isTunnel ? fdb.index : 0, true);
  view.setUint16(offset + STATE, 0);
  view.setUint16(offset + NEIGHBOUR_FLAGS, isTunnel ? NTF_SELF : 0, true); // And its type.
  let end = putAttribute(view, offset + ATTRIBUTES, NDA_LLADDR, 6);
  putHardware(view, end - 8, card);
  if (fdb.of === 'bridge') {
    end = putAttribute(view, end, NDA_MASTER, 4);
    view.setUint32(end - 4, fdb.index, true);
    if (fdb.vlan !== 0) {
      end = putAttribute(view, end, NDA_VLAN, 2);
      view.setUint16(end - 4, fdb.vlan, true);
    }
  }
  view.setUint32(offset, end - offset, true);
  return end;
}

/** Writes the head of an attribute, and what fills its value up to four octets. Returns the offset behind that. */
function putAttribute(view: DataView, offset: number, type: number, size: number): number {
  view.setUint16(offset, 4 + size, true);
  view.setUint16(offset + 2, type, true);
  view.setUint32(offset + 4 + ((size - 1) & ~3), 0);
  return offset + 4 + ((size + 3) & ~3);
}

/** Reads one answer of `length` bytes. */
export function fdbAnswerAt(view: DataView, offset: number, length: number): FdbAnswer {
  if (length < ATTRIBUTES) return { kind: 'other' };
  const sequence = view.getUint32(offset + SEQUENCE, true);
  const type = view.getUint16(offset + TYPE, true);
  if (type === NLMSG_ERROR) return { kind: 'refused', sequence, errno: -view.getInt32(offset + 16, true) };
  if (type !== RTM_NEWNEIGH) return { kind: 'other' };
  const end = offset + Math.min(length, view.getUint32(offset, true));
  let remote: Ipv4 | undefined;
  for (const { type: name, at, size } of attributes(view, offset + ATTRIBUTES, end))
    if (name === NDA_DST && size === 4) remote = ipv4(view.getUint32(at));
  return { kind: 'found', sequence, index: view.getInt32(offset + INDEX, true), remote };
}
