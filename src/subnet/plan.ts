import type { Ipv4 } from '../net/ipv4.ts';
import type { AddressSpan } from '../net/prefix.ts';
import type { Subnet } from './subnet.ts';

/** Who a client is: auto guards against cloned identifiers, client-id is the RFC to the letter, mac the MAC alone. */
export type Identity = 'auto' | 'client-id' | 'mac';

/** All that the engine is configured with. `Server.adopt`, for programs that embed the gateway, puts a new one in its place. */
export interface Plan {
  /** The listen IP (option 54). */
  readonly serverIdentifier: Ipv4;
  /** The one that is served: it is that of the segment which the listen IP is on. */
  readonly subnet: Subnet;
  /** The relay agents that are heard, by giaddr. */
  readonly relays: readonly AddressSpan[];
  readonly identity: Identity;
  /** How many leases one network card may have under different client identifiers, with identity auto; 0: any number. */
  readonly leasesPerMac: number;
  /** False: never a DHCPNAK for a wrong network. */
  readonly authoritative: boolean;
  /** RFC 3011: whether clients may say which subnet they want; RFC 3011 §6: off unless the operator wants it. */
  readonly subnetSelection: boolean;
  /** RFC 4039. */
  readonly rapidCommit: boolean;
  /** RFC 1534: plain BOOTP clients get an address without end. */
  readonly bootp: boolean;
  /** How long an offer holds its address, in seconds. */
  readonly offerSeconds: number;
  /** In its first so many percent a lease is repeated instead of extended; 0: never. */
  readonly leaseCache: number;
  /** The other gateways of the segment, which share the pool and nothing else; what is heard of others is nothing. */
  readonly peers: ReadonlySet<Ipv4>;
  /** How long an ARP answer is waited for, in milliseconds; 0: nothing is asked. */
  readonly probeMilliseconds: number;
}
