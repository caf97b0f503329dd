/** An IPv4 address as an unsigned 32-bit integer in host order: 10.15.3.1 is 0x0a0f0301. */
export type Ipv4 = number & { readonly __brand: 'Ipv4' };

export const UNSPECIFIED = 0 as Ipv4;
export const LIMITED_BROADCAST = 0xffffffff as Ipv4;

/** True for an address that a machine can have: not of 0.0.0.0/8, 127.0.0.0/8, 224.0.0.0/4 or 240.0.0.0/4 (RFC 6890). */
export function isHost(address: Ipv4): boolean {
  const first = address >>> 24;
  return first !== 0 && first !== 127 && first < 224;
}

/** The address for a number, of which the lowest 32 bits count. */
export function ipv4(value: number): Ipv4 {
  return (value >>> 0) as Ipv4;
}

const DOT = 46;
const ZERO = 48;

/** Reads strict dotted-decimal text, four octets without leading zeros; undefined for anything else. */
export function ipv4FromText(text: string): Ipv4 | undefined {
  let value = 0;
  let octet = 0;
  let digits = 0;
  let octets = 1;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === DOT) {
      if (digits === 0 || octets === 4) return undefined;
      value = value * 256 + octet;
      octets += 1;
      octet = 0;
      digits = 0;
    } else {
      const digit = code - ZERO;
      if (digit < 0 || digit > 9 || (digits > 0 && octet === 0)) return undefined;
      octet = octet * 10 + digit;
      digits += 1;
      if (octet > 255) return undefined;
    }
  }
  return octets === 4 && digits > 0 ? ((value * 256 + octet) as Ipv4) : undefined;
}

export function ipv4ToText(address: Ipv4): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
}

/** A 32-bit number for tables. Every step can be undone, so that no two addresses have the same. */
export function hashOfAddress(address: number): number {
  const hash = Math.imul(address ^ (address >>> 16), 0x45d9f3b);
  return hash ^ (hash >>> 15);
}

/** RFC 1122 §3.2.1.3: false for this network, loopback, multicast and what lies behind it: no host is reached by them. */
export function canBeHost(address: Ipv4): boolean {
  const first = address >>> 24;
  return first !== 0 && first !== 127 && first < 224;
}
