import { type HardwareAddress, hardwareToDigits, NO_HARDWARE } from '../net/hardware-address.ts';
import { digitOf, hexAt } from '../net/hex.ts';
import { CHADDR } from '../wire/layout.ts';
import type { Message } from '../wire/message.ts';

/**
 * What leases are keyed by, opaque outside this folder. Today: lower-case hexadecimal text of the client identifier
 * (option 61), or of htype and chaddr where there is none, so that `01525400000001` is one client whether or not it
 * sends the identifier that RFC 2132 §9.14 suggests. A client that shares its identifier with another one (a cloned
 * machine) has `/` and its hardware address behind it.
 */
export type ClientKey = string & { readonly __brand: 'ClientKey' };

/** The key of an unknown client: of a record for an address that somebody unknown may have. */
export const NOBODY = '' as ClientKey;

/** The key of a quarantine that an operator has ordered. No client has it: a client's key has two bytes or more. */
export const OPERATOR = '00' as ClientKey;

/** The buffer in which a key is put together: to concatenate strings would make many. */
const DIGITS = Buffer.alloc(1024);

/**
 * RFC 2131 §4.2: the client identifier is the key, else the hardware address. Undefined for a message that has neither.
 * An identifier of fewer than two bytes is none (RFC 2132 §9.14).
 */
export function clientKeyOf(message: Message, usesIdentifier: boolean): ClientKey | undefined {
  if (usesIdentifier) {
    const identifier = message.raw(61);
    if (identifier !== undefined && identifier.length >= 2) return keyOfIdentifier(identifier);
  }
  if (message.hlen === 0) return undefined;
  const start = message.offset + CHADDR;
  return keyOfHardware(message.htype, message.bytes, start, start + message.hlen);
}

/** RFC 2131 §4.2: the key of the bytes at [start, end): option 61's value. */
export function keyOfIdentifier(bytes: Uint8Array, start = 0, end = bytes.length): ClientKey {
  return digitsOf(undefined, bytes, start, end) as ClientKey;
}

/** RFC 2131 §4.2: without a client identifier, the hardware type (one byte) and chaddr's hlen bytes are the key. */
export function keyOfHardware(htype: number, bytes: Uint8Array, start: number, end: number): ClientKey {
  return digitsOf(htype, bytes, start, end) as ClientKey;
}

/**
 * Which machine a message is from, however many share its client identifier: the client's own key, if that is made of
 * the hardware address, else that and the hardware address.
 */
export function senderKeyOf(client: ClientKey, message: Message): ClientKey {
  return isOfHardware(client, message) ? client : keyOfClone(client, message.hardware);
}

/** True if the key is that of the message's own htype and chaddr. */
export function isOfHardware(client: ClientKey, { bytes, htype, hlen, offset }: Message): boolean {
  if (client.length !== 2 + 2 * hlen || !isHex(client, 0, htype)) return false;
  const start = offset + CHADDR;
  for (let at = 0; at < hlen; at += 1) if (!isHex(client, 2 + 2 * at, bytes[start + at])) return false;
  return true;
}

/** True if two characters are a byte's digits. */
function isHex(text: string, at: number, byte = 0): boolean {
  return text.charCodeAt(at) === digitOf(byte >>> 4) && text.charCodeAt(at + 1) === digitOf(byte);
}

/** The bytes at [start, end) as digits, another one before them if there is one. */
function digitsOf(first: number | undefined, bytes: Uint8Array, start: number, end: number): string {
  const length = 2 * (end - start) + (first === undefined ? 0 : 2);
  const digits = length <= DIGITS.length ? DIGITS : Buffer.alloc(length);
  let to = 0;
  if (first !== undefined) to = putHex(digits, to, first);
  for (let at = start; at < end; at += 1) to = putHex(digits, to, bytes[at] ?? 0);
  return digits.toString('latin1', 0, to);
}

function putHex(digits: Buffer, to: number, byte: number): number {
  digits[to] = digitOf(byte >>> 4);
  digits[to + 1] = digitOf(byte);
  return to + 2;
}

/** The Ethernet address (htype 1) that a key is made of and nothing else, as most are; NO_HARDWARE: it is another. */
export function ethernetOf(client: string): HardwareAddress {
  if (client.length !== 14 || !client.startsWith('01')) return NO_HARDWARE;
  const high = hexAt(client, 2, 4);
  const low = hexAt(client, 6, 8);
  return high < 0 || low < 0 ? NO_HARDWARE : ((high * 0x1_0000_0000 + low) as HardwareAddress);
}

/** The key that is made of an Ethernet address. */
export function keyOfEthernet(hardware: HardwareAddress): ClientKey {
  return `01${hardwareToDigits(hardware)}` as ClientKey;
}

/** The key of one of several machines that present the same identifier. */
export function keyOfClone(shared: ClientKey, hardware: HardwareAddress): ClientKey {
  return `${shared}/${hardwareToDigits(hardware)}` as ClientKey;
}

/** The key as stored text, checked; undefined if it is not one. */
export function clientKeyFromText(text: string): ClientKey | undefined {
  if (ethernetOf(text) !== NO_HARDWARE) return text as ClientKey;
  return /^([0-9a-f]{2})*(\/[0-9a-f]{12})?$/.test(text) ? (text as ClientKey) : undefined;
}
