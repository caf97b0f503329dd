/** An IPv4 address as an unsigned 32-bit integer in host order: 10.15.3.1 is 0x0a0f0301. */
export type Ipv4 = number & { readonly __brand: 'Ipv4' };

export const UNSPECIFIED = 0 as Ipv4;
export const LIMITED_BROADCAST = 0xffffffff as Ipv4;

/** The address for any number; bits beyond 32 are cut. */
export function ipv4(value: number): Ipv4 {
  return (value >>> 0) as Ipv4;
}

const DOTTED = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;

/** Reads strict dotted-decimal text, four octets without leading zeros; undefined for anything else. */
export function ipv4FromText(text: string): Ipv4 | undefined {
  if (!DOTTED.test(text)) return undefined;
  let value = 0;
  for (const octet of text.split('.')) value = value * 256 + Number(octet);
  return value as Ipv4;
}

export function ipv4ToText(address: Ipv4): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
}
