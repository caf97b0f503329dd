import type { AddressRange } from '../lease/lease-view.ts';
import type { Ipv4 } from '../net/ipv4.ts';
import type { Prefix } from '../net/prefix.ts';
import type { OptionBlock } from '../wire/reply.ts';
import type { ReservationView } from './reservations.ts';

/** Lease times in seconds; 1 to 0xfffffffe, or 0xffffffff for no end. */
export interface LeaseTimes {
  readonly default: number;
  readonly minimum: number;
  readonly maximum: number;
}

/** The network of the segment. Its addresses can be asked for by ARP, also those of clients behind a relay agent. */
export interface Subnet {
  readonly prefix: Prefix;
  /** What may be given out, in the order of preference. */
  readonly pools: readonly AddressRange[];
  /** No guest's, in a pool or not: the router's address, the gateways', our own, network and broadcast. */
  readonly excluded: ReadonlySet<Ipv4>;
  /** Who has an address to itself. */
  readonly reservations: ReservationView;
  readonly leaseTimes: LeaseTimes;
  /** Configured parameters by option code, encoded once. */
  readonly parameters: ReadonlyMap<number, OptionBlock>;
}
