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

/** Where a reply goes. */
export type Destination =
  /** UDP port 67 of a relay agent, wherever the node's routes say that it is. */
  | { readonly kind: 'relay'; readonly address: Ipv4 }
  /**
   * UDP port 68 of a client on the segment, in a frame by the segment's interface: no route, no neighbour table and no
   * ARP decides. EVERYBODY as its hardware address: a frame to all stations.
   */
  | {
      readonly kind: 'link';
      readonly hardware: HardwareAddress;
      /** The IP destination; LIMITED_BROADCAST for a client that may have no address. */
      readonly address: Ipv4;
      /** The address is the client's by its lease: where no frames can be sent, a datagram may go there, and else none. */
      readonly isLeased: boolean;
    };
