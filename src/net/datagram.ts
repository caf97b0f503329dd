import type { HardwareAddress } from './hardware-address.ts';
import type { Ipv4 } from './ipv4.ts';

/** How a datagram came in. */
export interface Arrival {
  /** The socket that received it: unicast is bound to the listen IP, broadcast to the segment's broadcast addresses. */
  readonly via: 'unicast' | 'broadcast';
  /** The IP source; 0.0.0.0 for a client without an address. */
  readonly source: Ipv4;
  /** The listen IP. */
  readonly local: Ipv4;
  /**
   * The Ethernet source of the frame, told only where it says more than chaddr: a server has sent the message, or not the
   * client's own network card, but a router that passed it on or a machine that forged it. NO_HARDWARE: the last, and the
   * source is not known.
   */
  readonly frameSource?: HardwareAddress;
}

/** Where a reply goes. */
export type Destination =
  /** UDP port 67 of a relay agent, by the node's routes. */
  | { readonly kind: 'relay'; readonly address: Ipv4 }
  /**
   * UDP port 68 of a client on the segment, in a frame by the segment's interface. No route, neighbour table or ARP takes
   * part. Hardware address EVERYBODY: a frame to all stations.
   */
  | {
      readonly kind: 'link';
      readonly hardware: HardwareAddress;
      /** The IP destination; LIMITED_BROADCAST for a client that may have no address. */
      readonly address: Ipv4;
      /** True: the client has the address by its lease. Where frames cannot be sent, only then a datagram goes to it. */
      readonly isLeased: boolean;
    };
