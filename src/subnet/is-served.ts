import type { Arrival } from '../net/datagram.ts';
import { UNSPECIFIED } from '../net/ipv4.ts';
import { contains } from '../net/prefix.ts';
import type { Message } from '../wire/message.ts';
import type { Plan } from './plan.ts';

/** True for a message from the subnet that this server serves. A message that names another subnet is ignored. */
export function isServed(message: Message, arrival: Arrival, { subnet, subnetSelection }: Plan): boolean {
  const isRelayed = message.giaddr !== UNSPECIFIED;
  // RFC 3527 §3: the relay's link selection sub-option says which subnet, before giaddr does.
  const link = isRelayed ? message.relayAgent?.linkSelection : undefined;
  if (link !== undefined) return contains(subnet.prefix, link);
  // RFC 3011 §2: the subnet selection option takes precedence over giaddr and the arriving interface, if it is on.
  const selected = subnetSelection ? message.subnetSelection : undefined;
  if (selected !== undefined) return contains(subnet.prefix, selected);
  // RFC 2131 §4.3.1: by giaddr when it is not 0, else by the interface on which the message came in.
  if (isRelayed) return contains(subnet.prefix, message.giaddr);
  // RFC 2131 §4.3.2: without giaddr, a unicast message's ciaddr is trusted; but not of who shows that it has no address.
  const hasAddress = arrival.source !== UNSPECIFIED && message.type !== 'DHCPDISCOVER';
  if (arrival.via === 'unicast' && hasAddress && message.ciaddr !== UNSPECIFIED)
    return contains(subnet.prefix, message.ciaddr);
  return true;
}
