import { type Ipv4, ipv4, ipv4ToText } from './ipv4.ts';

/** A network: its first address and its length in bits (0 to 32). */
export interface Prefix {
  readonly network: Ipv4;
  readonly length: number;
}

/** Addresses in a row, both ends included. */
export interface AddressSpan {
  readonly first: Ipv4;
  readonly last: Ipv4;
}

export function prefixOf(address: Ipv4, length: number): Prefix {
  return { network: ipv4(address & maskOfLength(length)), length };
}

export function maskOfLength(length: number): Ipv4 {
  return ipv4(length === 0 ? 0 : 0xffffffff << (32 - length));
}

/** The length of a contiguous mask, or undefined for a mask with holes. */
export function lengthOfMask(mask: Ipv4): number | undefined {
  const length = Math.clz32(~mask >>> 0);
  return maskOfLength(length) === mask ? length : undefined;
}

export function contains(prefix: Prefix, address: Ipv4): boolean {
  return ipv4(address & maskOfLength(prefix.length)) === prefix.network;
}

export function broadcastOf(prefix: Prefix): Ipv4 {
  return ipv4(prefix.network | ~maskOfLength(prefix.length));
}

export function prefixToText(prefix: Prefix): string {
  return `${ipv4ToText(prefix.network)}/${prefix.length}`;
}
