import { type HardwareAddress, hardwareToDigits } from '../net/hardware-address.ts';
import { CHADDR } from '../wire/layout.ts';
import type { Message } from '../wire/message.ts';

/**
 * What leases are keyed by, opaque outside this folder. Today: lower-case hexadecimal text of the client identifier
 * (option 61), or of htype and chaddr where there is none, so that `01525400000001` is one client whether or not it
 * sends the identifier that RFC 2132 §9.14 suggests. A client that shares its identifier with another one (a cloned
 * machine) has `/` and its hardware address behind it.
 */
export type ClientKey = string & { readonly __brand: 'ClientKey' };

const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

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
  let text = '';
  for (let at = start; at < end; at += 1) text += HEX[bytes[at] ?? 0];
  return text as ClientKey;
}

/** RFC 2131 §4.2: without a client identifier, the hardware type (one byte) and chaddr's hlen bytes are the key. */
export function keyOfHardware(htype: number, bytes: Uint8Array, start: number, end: number): ClientKey {
  return (HEX[htype & 255] + keyOfIdentifier(bytes, start, end)) as ClientKey;
}

/** The key of one of several machines that present the same identifier. */
export function keyOfClone(shared: ClientKey, hardware: HardwareAddress): ClientKey {
  return `${shared}/${hardwareToDigits(hardware)}` as ClientKey;
}

/** The key as stored text, checked; undefined if it is not one. */
export function clientKeyFromText(text: string): ClientKey | undefined {
  const isPlain = text.length % 2 === 0 && /^[0-9a-f]*$/.test(text); // Nearly all are, and a million are read at a start.
  return isPlain || /^([0-9a-f]{2})*\/[0-9a-f]{12}$/.test(text) ? (text as ClientKey) : undefined;
}
