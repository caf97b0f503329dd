import type { AddressRange } from '../lease/lease-view.ts';
import { type Ipv4, ipv4 } from '../net/ipv4.ts';
import type { Subnet } from './subnet.ts';

export function isInRange(range: AddressRange, address: Ipv4): boolean {
  return address >= range.first && address <= range.last && !range.excluded.has(address);
}

/** The pool of the subnet that an address may be given from; undefined for one that is never given out. */
export function poolOf(subnet: Subnet, address: Ipv4): AddressRange | undefined {
  for (const pool of subnet.pools) if (isInRange(pool, address)) return pool;
  return undefined;
}

/** How many addresses of the range may be given out. */
export function sizeOf(range: AddressRange): number {
  let size = range.last - range.first + 1;
  for (const address of range.excluded) if (address >= range.first && address <= range.last) size -= 1;
  return size;
}

/** The address at a place in the range, counted from its first one; it may be excluded. */
export function nthAddress(range: AddressRange, index: number): Ipv4 {
  return ipv4(range.first + index);
}
