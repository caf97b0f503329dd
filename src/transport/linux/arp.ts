import { type HardwareAddress, hardwareAt, putHardware } from '../../net/hardware-address.ts';
import { type Ipv4, ipv4, UNSPECIFIED } from '../../net/ipv4.ts';
import { maskOfLength, type Prefix } from '../../net/prefix.ts';
import {
  AND,
  assemble,
  JUMP_IF_EQUAL,
  LOAD_BYTE,
  LOAD_HALF,
  LOAD_WORD,
  PACKET_TYPE,
  REJECT,
  RETURN,
} from './bpf.ts';

/** Bytes of an ARP message for IPv4 over Ethernet (RFC 826), without the Ethernet header. */
export const ARP_BYTES = 28;

const ETHERNET = 1;
const IPV4 = 0x0800;
const LENGTHS = 0x0604; // Six bytes of hardware address, four of IP address.
const REQUEST = 1;
const REPLY = 2;
/** Offsets. */
const PROTOCOL = 2;
const SIZES = 4;
const OPERATION = 6;
const SENDER_HARDWARE = 8;
const SENDER_ADDRESS = 14;
const TARGET_ADDRESS = 24;

/** The ARP request for `target`, with the sender `hardware` at `source`. */
export function arpRequest(hardware: HardwareAddress, source: Ipv4, target: Ipv4): Uint8Array {
  const bytes = new Uint8Array(ARP_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, ETHERNET);
  view.setUint16(PROTOCOL, IPV4);
  view.setUint16(SIZES, LENGTHS);
  view.setUint16(OPERATION, REQUEST);
  putHardware(view, SENDER_HARDWARE, hardware);
  view.setUint32(SENDER_ADDRESS, source);
  view.setUint32(TARGET_ADDRESS, target);
  return bytes;
}

/** A machine, and the address that it has, or that it would like to have. */
export interface ArpSender {
  readonly address: Ipv4;
  readonly hardware: HardwareAddress;
}

/**
 * The sender of an ARP request or reply; undefined for anything else, and for a probe, which has no sender address (RFC 5227
 * §1.1).
 */
export function arpSender(view: DataView, offset: number, length: number): ArpSender | undefined {
  if (!isOfIpv4(view, offset, length)) return undefined;
  const operation = view.getUint16(offset + OPERATION);
  if (operation !== REQUEST && operation !== REPLY) return undefined;
  const address = ipv4(view.getUint32(offset + SENDER_ADDRESS));
  if (address === UNSPECIFIED) return undefined;
  return { address, hardware: hardwareAt(view, offset + SENDER_HARDWARE) };
}

/** The sender of an ARP probe and the address that it asks for (RFC 5227 §1.1); undefined for anything else. */
export function arpProbed(view: DataView, offset: number, length: number): ArpSender | undefined {
  if (!isOfIpv4(view, offset, length) || view.getUint16(offset + OPERATION) !== REQUEST) return undefined;
  if (view.getUint32(offset + SENDER_ADDRESS) !== UNSPECIFIED) return undefined;
  const address = ipv4(view.getUint32(offset + TARGET_ADDRESS));
  if (address === UNSPECIFIED) return undefined;
  return { address, hardware: hardwareAt(view, offset + SENDER_HARDWARE) };
}

function isOfIpv4(view: DataView, offset: number, length: number): boolean {
  return (
    length >= ARP_BYTES &&
    view.getUint16(offset + PROTOCOL) === IPV4 &&
    view.getUint16(offset + SIZES) === LENGTHS
  );
}

/**
 * What a machine says by an ARP message of the address that it names as its own: an answer to somebody's question, an
 * announcement of the address (RFC 5227 §1.1), or a question of its own for another address.
 */
export type ArpSpeech = 'answer' | 'announcement' | 'question';

/** Of a message that has a sender (`arpSender`). */
export function arpSpeech(view: DataView, offset: number): ArpSpeech {
  if (view.getUint32(offset + TARGET_ADDRESS) === view.getUint32(offset + SENDER_ADDRESS))
    return 'announcement';
  return view.getUint16(offset + OPERATION) === REPLY ? 'answer' : 'question';
}

/** What another machine's ARP message tells of an address. */
export type ArpSign =
  | 'probe' // It wants the address (RFC 5227 §1.1): the message has no sender address.
  | 'announcement' // It has the address, and announces it (RFC 5227 §1.1): sender and target are equal.
  | 'use'; // It has the address: it answers for it, or asks for another from it.

export interface ArpAbout {
  readonly sign: ArpSign;
  readonly hardware: HardwareAddress;
}

/** What an ARP message tells of this address; undefined: nothing. */
export function arpAbout(
  address: Ipv4,
  view: DataView,
  offset: number,
  length: number,
): ArpAbout | undefined {
  if (!isOfIpv4(view, offset, length)) return undefined;
  const operation = view.getUint16(offset + OPERATION);
  if (operation !== REQUEST && operation !== REPLY) return undefined;
  const sender = view.getUint32(offset + SENDER_ADDRESS);
  const isTarget = view.getUint32(offset + TARGET_ADDRESS) === address;
  const hardware = hardwareAt(view, offset + SENDER_HARDWARE);
  if (sender === UNSPECIFIED) {
    return isTarget && operation === REQUEST ? { sign: 'probe', hardware } : undefined;
  }
  if (sender !== address) return undefined;
  return { sign: isTarget ? 'announcement' : 'use', hardware };
}

/** True for a request for this address from a machine that names its own. */
export function asksFor(address: Ipv4, view: DataView, offset: number): boolean {
  return view.getUint32(offset + TARGET_ADDRESS) === address && arpSpeech(view, offset) === 'question';
}

const PACKET_OUTGOING = 4;

/**
 * The filter of the ARP socket, run by the kernel. ARP for IPv4 passes if its sender is in the segment and is not this
 * host, or if it is a probe for an address in the segment. The data begin at the ARP header, as the socket is SOCK_DGRAM.
 */
export function arpFilter({ network, length }: Prefix): Uint8Array {
  return assemble([
    [LOAD_BYTE, PACKET_TYPE],
    [JUMP_IF_EQUAL, PACKET_OUTGOING, 'rejected'],
    [LOAD_HALF, PROTOCOL],
    [JUMP_IF_EQUAL, IPV4, undefined, 'rejected'],
    [LOAD_HALF, OPERATION],
    [JUMP_IF_EQUAL, REQUEST, 'a sender'],
    [JUMP_IF_EQUAL, REPLY, undefined, 'rejected'],
    'a sender',
    [LOAD_WORD, SENDER_ADDRESS],
    [JUMP_IF_EQUAL, UNSPECIFIED, 'a probe'],
    [AND, maskOfLength(length)],
    [JUMP_IF_EQUAL, network, 'passed', 'rejected'],
    'a probe',
    [LOAD_WORD, TARGET_ADDRESS],
    [JUMP_IF_EQUAL, UNSPECIFIED, 'rejected'],
    [AND, maskOfLength(length)],
    [JUMP_IF_EQUAL, network, undefined, 'rejected'],
    'passed',
    [RETURN, ARP_BYTES],
    'rejected',
    [RETURN, REJECT],
  ]);
}
