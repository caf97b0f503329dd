import type { Ipv4 } from '../net/ipv4.ts';

/**
 * True if a gateway goes before all others for an address: each gateway's hash with that number, and the greatest wins
 * (rendezvous hashing, as in RFC 3074 each server computes the same without a word to the others).
 */
export function goesFirst(self: Ipv4, number: number, others: Iterable<Ipv4>): boolean {
  return firstOf(self, number, others) === self;
}

/** Of several gateways the one that goes first for an address. */
export function firstOf(self: Ipv4, number: number, others: Iterable<Ipv4>): Ipv4 {
  let first = self;
  let greatest = weightOf(self, number);
  for (const other of others) {
    const weight = weightOf(other, number);
    if (weight < greatest || (weight === greatest && other >= first)) continue;
    first = other;
    greatest = weight;
  }
  return first;
}

function weightOf(gateway: Ipv4, number: number): number {
  let hash = Math.imul(gateway, 0x9e3779b1) ^ Math.imul(number, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39);
  return (hash ^ (hash >>> 15)) >>> 0;
}
