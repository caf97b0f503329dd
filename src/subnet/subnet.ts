import type { AddressRange } from '../lease/lease-view.ts';
import type { ReservationView } from '../lease/reservation/reservation-view.ts';
import type { Ipv4 } from '../net/ipv4.ts';
import type { Prefix } from '../net/prefix.ts';
import type { OptionBlock } from '../wire/reply.ts';
import type { NetworkBoot } from './boot.ts';
import type { ClientClass } from './client-class.ts';
import type { RenewalRule } from './renewal.ts';

/** Lease times in seconds; 1 to 0xfffffffe, or 0xffffffff for no end. */
export interface LeaseTimes {
  readonly default: number;
  readonly minimum: number;
  readonly maximum: number;
}

/** The network of the segment. All its addresses can be probed by ARP, also those of clients behind a relay agent. */
export interface Subnet {
  readonly prefix: Prefix;
  /** The ranges that may be leased, in order of preference. */
  readonly pools: readonly AddressRange[];
  /** The parts of the pool that other gateways alone lease: where each has a share, what is not this one's. */
  readonly othersShares: readonly AddressRange[];
  /** Addresses that no guest gets, in a pool or not: of the router, the gateways, this host, network and broadcast. */
  readonly excluded: ReadonlySet<Ipv4>;
  /** Addresses for one client only. */
  readonly reservations: ReservationView;
  readonly leaseTimes: LeaseTimes;
  /** The configured options by code, encoded once. */
  readonly parameters: ReadonlyMap<number, OptionBlock>;
  /** Those of them that are sent whether or not they are asked for, beside those that every client gets. */
  readonly always: ReadonlySet<number>;
  readonly renewal: RenewalRule;
  /** Undefined: nobody is told what to boot. */
  readonly boot: NetworkBoot | undefined;
  /** True: seen by a machine that boots over the network, and there is a file for it. */
  readonly isBooting?: boolean;
  readonly classes: readonly ClientClass[];
}
