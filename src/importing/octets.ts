import type { ClientKey } from '../lease/client-key.ts';
import { type HardwareAddress, hardwareFromText, isStation } from '../net/hardware-address.ts';
import { hexDigitsOf } from '../net/hex.ts';

/** RFC 2132 §9.14: an identifier has two octets at the least, and 255 fit into an option. */
const SHORTEST = 2;
const LONGEST = 255;

/** The key of a client identifier; undefined: it is too short or too long for one. */
export function identifierOf(octets: Uint8Array): ClientKey | undefined {
  const isOne = octets.length >= SHORTEST && octets.length <= LONGEST;
  return isOne ? (hexDigitsOf(octets) as ClientKey) : undefined;
}

/** Octets of hexadecimal digits with colons between them, one digit or two for each; undefined: it is something else. */
export function octetsFromText(text: string): Uint8Array | undefined {
  if (!/^[\da-f]{1,2}(:[\da-f]{1,2})*$/i.test(text)) return undefined;
  return Uint8Array.from(text.split(':'), (pair) => Number.parseInt(pair, 16));
}

/** The address of one network card; a leading zero of an octet may be missing. */
export function cardFromText(text: string): HardwareAddress | undefined {
  const pairs = text.split(/[:-]/).map((pair) => pair.padStart(2, '0'));
  const hardware = hardwareFromText(pairs.join(':'));
  return hardware !== undefined && isStation(hardware) ? hardware : undefined;
}
