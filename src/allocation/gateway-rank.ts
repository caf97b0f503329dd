import type { Ipv4 } from '../net/ipv4.ts';

/**
 * True if a gateway goes before all others for an address, or for a client's hash: each gateway's hash with that number,
 * and the greatest wins.
 */
export function goesFirst(self: Ipv4, number: number, others: Iterable<Ipv4>): boolean {
  const own = weightOf(self, number);
  for (const other of others) {
    const weight = weightOf(other, number);
    if (weight > own || (weight === own && other < self)) return false;
  }
  return true;
}

function weightOf(gateway: Ipv4, number: number): number {
  let hash = Math.imul(gateway, 0x9e3779b1) ^ Math.imul(number, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39);
  return (hash ^ (hash >>> 15)) >>> 0;
}
