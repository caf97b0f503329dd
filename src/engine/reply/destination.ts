import type { Destination } from '../../net/datagram.ts';
import { EVERYBODY, type HardwareAddress, isStation } from '../../net/hardware-address.ts';
import { type Ipv4, LIMITED_BROADCAST, UNSPECIFIED } from '../../net/ipv4.ts';
import { broadcastOf, contains, type Prefix } from '../../net/prefix.ts';
import { BROADCAST_FLAG } from '../../wire/layout.ts';
import type { Message } from '../../wire/message.ts';
import type { DecisionInput } from '../decision/decision-input.ts';
import { requestState } from '../decision/request-state.ts';

/**
 * RFC 2131 §4.1: where a reply goes, by what is true of its client, and by nothing that this host's routes say. The first
 * line that fits:
 *
 * | what is true                                  | IP destination  | frame to                    |
 * |-----------------------------------------------|-----------------|-----------------------------|
 * | it came through a relay                       | giaddr, port 67 | by the host's routes        |
 * | the client has an address of the segment      | that one        | chaddr                      |
 * | it asks for a broadcast                       | 255.255.255.255 | every station               |
 * | the reply gives it an address                 | yiaddr          | chaddr                      |
 * | it gives none: a DHCPNAK, a DHCPINFORM's reply | 255.255.255.255 | chaddr                      |
 *
 * A DHCPNAK passes the second line over. Where chaddr is no station's Ethernet address, or the network translates such
 * addresses, frames go to every station, and what would have gone to yiaddr to 255.255.255.255. A renewal that a router
 * has passed on is answered to that router, whose frame brought it.
 *
 * @param yiaddr UNSPECIFIED: the reply gives no address
 */
export function destinationOf(input: DecisionInput, yiaddr: Ipv4): Destination {
  const { message } = input;
  if (message.giaddr !== UNSPECIFIED) return toRelay(message);
  const held = heldAddress(input);
  if (held === undefined) return toUnconfigured(input, yiaddr);
  const hardware = input.arrival.frameSource ?? stationOf(input);
  return { kind: 'link', hardware, address: held, isLeased: held === yiaddr };
}

/** RFC 2131 §4.1: a DHCPNAK is an IP broadcast when giaddr is 0, whatever else; §4.3.2: else it goes through the relay. */
export function destinationOfNak(input: DecisionInput): Destination {
  const { message } = input;
  return message.giaddr === UNSPECIFIED ? toUnconfigured(input, UNSPECIFIED) : toRelay(message);
}

/** RFC 2131 §4.1: "If the giaddr field is non-zero, the server sends to the 'DHCP server' port on the relay agent." */
function toRelay({ giaddr }: Message): Destination {
  return { kind: 'relay', address: giaddr };
}

/** RFC 2131 §4.1: the broadcast bit wants broadcasts of IP and of the link; without it chaddr and yiaddr are used. */
function toUnconfigured(input: DecisionInput, yiaddr: Ipv4): Destination {
  const hardware = (input.message.flags & BROADCAST_FLAG) === 0 ? stationOf(input) : EVERYBODY;
  const address = hardware === EVERYBODY || yiaddr === UNSPECIFIED ? LIMITED_BROADCAST : yiaddr;
  return { kind: 'link', hardware, address, isLeased: false };
}

function stationOf({ message: { hardware }, plan }: DecisionInput): HardwareAddress {
  return plan.chaddrCheck && isStation(hardware) ? hardware : EVERYBODY;
}

/**
 * The address of the segment that the client has: it has sent from it, or renews it. Undefined: it has none.
 *
 * Deviates from RFC 2131 §4.1: ciaddr alone does not show it. Who sends from 0.0.0.0 has no address; nor has who sends a
 * DHCPDISCOVER, whose ciaddr NetworkManager fills with the address that it has lost; a SELECTING client should have left
 * ciaddr 0 (§4.3.2). And an address outside the segment is never sent to: replies would leave by other interfaces.
 */
function heldAddress({ message, arrival, subnet, plan }: DecisionInput): Ipv4 | undefined {
  if (arrival.source === UNSPECIFIED || message.type === 'DHCPDISCOVER') return undefined;
  // Deviates from RFC 2131 §4.3.5: the source stands in for the ciaddr of a DHCPINFORM; some clients leave it empty.
  const isInform = message.type === 'DHCPINFORM';
  const address = isInform && message.ciaddr === UNSPECIFIED ? arrival.source : message.ciaddr;
  if (!isOneHosts(subnet.prefix, address) || address === plan.serverIdentifier) return undefined;
  return address === arrival.source || !isSelecting(message) ? address : undefined;
}

/** RFC 1122 §3.2.1.3: the first and the last address of a prefix are every host's. */
function isOneHosts(prefix: Prefix, address: Ipv4): boolean {
  return contains(prefix, address) && address !== prefix.network && address !== broadcastOf(prefix);
}

function isSelecting(message: Message): boolean {
  return message.type === 'DHCPREQUEST' && requestState(message) === 'SELECTING';
}
