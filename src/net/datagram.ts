import type { HardwareAddress } from './hardware-address.ts';
import type { Ipv4 } from './ipv4.ts';

/** How a datagram came in. */
export interface Arrival {
  /** The socket that heard it: the node's own address, or the segment's broadcasts. */
  readonly via: 'unicast' | 'broadcast';
  /** Its IP source; 0.0.0.0 for a client without an address. */
  readonly source: Ipv4;
  /** The address that we listen on. */
  readonly local: Ipv4;
}

/** Where a datagram goes. */
export type Destination =
  | { readonly kind: 'unicast'; readonly address: Ipv4; readonly port: number }
  /** 255.255.255.255:68 on the segment. */
  | { readonly kind: 'broadcast' }
  /** A client without an address yet: UDP port 68, in a frame to its hardware address, without ARP. */
  | { readonly kind: 'link'; readonly address: Ipv4; readonly hardware: HardwareAddress };
