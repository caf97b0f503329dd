import type { AddressRange } from '../lease/lease-view.ts';
import { type Ipv4, ipv4 } from '../net/ipv4.ts';
import type { Subnet } from './subnet.ts';

export function isInRange(range: AddressRange, address: Ipv4): boolean {
  return address >= range.first && address <= range.last && !range.excluded.has(address);
}

/** The pool that contains an address, if it may be leased; undefined: none. */
export function poolOf(subnet: Subnet, address: Ipv4): AddressRange | undefined {
  for (const pool of subnet.pools) if (isInRange(pool, address)) return pool;
  return undefined;
}

/** True for an address that another gateway alone leases, reserved or not. */
export function isInOthersShare({ othersShares }: Subnet, address: Ipv4): boolean {
  return othersShares.some((range) => isInRange(range, address));
}

/** The number of addresses in the range that may be leased. */
export function sizeOf(range: AddressRange): number {
  let size = range.last - range.first + 1;
  for (const address of range.excluded) if (address >= range.first && address <= range.last) size -= 1;
  return size;
}

/** The address at an index in the range, from 0; it may be excluded. */
export function nthAddress(range: AddressRange, index: number): Ipv4 {
  return ipv4(range.first + index);
}
