import type { Ipv4 } from '../net/ipv4.ts';
import type { Message } from './message.ts';

/** One option to be sent: its code and its value's bytes, any length (RFC 3396 splits it); a number is four bytes. */
export interface OptionBlock {
  readonly code: number;
  readonly value: Uint8Array | number;
}

/** BOOTREPLY: a reply to a BOOTP client, without option 53 (RFC 1534). */
export type ReplyType = (typeof REPLY_TYPES)[number];
export const REPLY_TYPES = ['DHCPOFFER', 'DHCPACK', 'DHCPNAK', 'BOOTREPLY'] as const;

/** A reply for the encoder. The header's other fields (xid, secs 0, giaddr, chaddr, flags) follow from the request. */
export interface Reply {
  readonly type: ReplyType;
  /** The view of the request; it must outlive the encoding. */
  readonly request: Message;
  readonly ciaddr: Ipv4;
  readonly yiaddr: Ipv4;
  readonly siaddr: Ipv4;
  /** The field `file`: at most 127 octets; undefined: it is empty, or has options. */
  readonly bootFile: Uint8Array | undefined;
  /** RFC 2131 §4.3.2: a DHCPNAK through a relay sets the broadcast bit; otherwise the request's flags are copied. */
  readonly setsBroadcastBit: boolean;
  /** The options in the order of sending and of importance, without 53, 82, 52 and 255, which the encoder adds. */
  readonly options: readonly OptionBlock[];
  /** Option 82 as it came, to be returned unchanged and last (RFC 3046 §2.2); undefined: none. */
  readonly relayAgentInformation: Uint8Array | undefined;
  /** RFC 2132 §9.10: the longest DHCP message that the client accepts, in octets of UDP payload; at least 576 less the headers. */
  readonly maximumSize: number;
  /** Whether `file` and `sname` may carry options (RFC 2132 §9.3): not in a DHCPNAK. */
  readonly mayOverload: boolean;
}
