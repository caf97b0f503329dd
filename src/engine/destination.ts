import type { Arrival, Destination } from '../net/datagram.ts';
import { NO_HARDWARE } from '../net/hardware-address.ts';
import { type Ipv4, UNSPECIFIED } from '../net/ipv4.ts';
import { BROADCAST_FLAG } from '../wire/layout.ts';
import type { Message } from '../wire/message.ts';
import { requestState } from './request-state.ts';

type Unicast = Extract<Destination, { kind: 'unicast' }>;

const SERVER_PORT = 67;
const CLIENT_PORT = 68;
const BROADCAST: Destination = { kind: 'broadcast' };

/** RFC 2131 §4.1: where a DHCPOFFER, a DHCPACK or a BOOTREPLY goes. */
export function destinationOf(request: Message, yiaddr: Ipv4): Destination {
  // "If the giaddr field is non-zero, the server sends to the 'DHCP server' port on the relay agent."
  if (request.giaddr !== UNSPECIFIED) return { kind: 'unicast', address: request.giaddr, port: SERVER_PORT };
  // Deviates from RFC 2131 §4.1: not to the ciaddr of a SELECTING client, which should have left it 0 (§4.3.2) and may
  // not have the address; old clients fill it in.
  const isConfigured = request.ciaddr !== UNSPECIFIED && !isSelecting(request);
  if (isConfigured) return { kind: 'unicast', address: request.ciaddr, port: CLIENT_PORT };
  if ((request.flags & BROADCAST_FLAG) !== 0) return BROADCAST;
  // A unicast to chaddr and yiaddr; where that is impossible, a broadcast.
  if (request.hardware === NO_HARDWARE) return BROADCAST;
  return { kind: 'link', address: yiaddr, hardware: request.hardware };
}

function isSelecting(request: Message): boolean {
  return request.type === 'DHCPREQUEST' && requestState(request) === 'SELECTING';
}

/** RFC 2131 §4.1: a DHCPNAK is broadcast when giaddr is 0, whatever else; §4.3.2: else it goes through the relay. */
export function destinationOfNak(request: Message): Destination {
  if (request.giaddr !== UNSPECIFIED) return { kind: 'unicast', address: request.giaddr, port: SERVER_PORT };
  return BROADCAST;
}

/**
 * RFC 2131 §4.3.5: the answer to a DHCPINFORM goes directly to ciaddr, also when it came through a relay.
 * Deviates from RFC 2131 §4.3.5: without ciaddr it goes to the message's source; some clients leave the field empty.
 * Undefined: there is no address to send it to.
 */
export function destinationOfInform(request: Message, arrival: Arrival): Unicast | undefined {
  const address = request.ciaddr !== UNSPECIFIED ? request.ciaddr : arrival.source;
  if (address === UNSPECIFIED) return undefined;
  return { kind: 'unicast', address, port: CLIENT_PORT };
}
