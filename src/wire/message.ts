import type { HardwareAddress } from '../net/hardware-address.ts';
import type { Ipv4 } from '../net/ipv4.ts';

// Interface only; the wire part fills it in.

/** RFC 2132 §9.6, in the order of their codes from 1; 'unknown': another code. */
export type MessageType =
  | 'DHCPDISCOVER'
  | 'DHCPOFFER'
  | 'DHCPREQUEST'
  | 'DHCPDECLINE'
  | 'DHCPACK'
  | 'DHCPNAK'
  | 'DHCPRELEASE'
  | 'DHCPINFORM'
  | 'unknown';

/** Sub-options of option 82 that we act on. */
export interface RelayAgent {
  /** RFC 3527. */
  readonly linkSelection: Ipv4 | undefined;
  /** RFC 5107. */
  readonly serverIdentifierOverride: Ipv4 | undefined;
}

export interface Message {
  readonly ok: true;
  readonly bytes: Uint8Array;
  readonly offset: number;
  readonly op: number;
  readonly htype: number;
  readonly hlen: number;
  readonly hops: number;
  readonly xid: number;
  readonly secs: number;
  readonly flags: number;
  readonly ciaddr: Ipv4;
  readonly giaddr: Ipv4;
  readonly hardware: HardwareAddress;
  readonly type: MessageType | undefined;
  readonly requestedAddress: Ipv4 | undefined;
  readonly serverIdentifier: Ipv4 | undefined;
  readonly leaseTime: number | undefined;
  readonly maximumSize: number | undefined;
  readonly hostName: string | undefined;
  readonly parameterRequestList: Uint8Array | undefined;
  readonly subnetSelection: Ipv4 | undefined;
  readonly relayAgent: RelayAgent | undefined;
  has(code: number): boolean;
  raw(code: number): Uint8Array | undefined;
}
