import type { Arrival } from '../net/datagram.ts';
import { type Ipv4, UNSPECIFIED } from '../net/ipv4.ts';
import { contains } from '../net/prefix.ts';
import type { Message } from '../wire/message.ts';
import type { Plan } from './plan.ts';
import type { Subnet } from './subnet.ts';

/** The subnet that a message belongs to; undefined for one that we do not serve. */
export function selectSubnet(message: Message, arrival: Arrival, plan: Plan): Subnet | undefined {
  const isRelayed = message.giaddr !== UNSPECIFIED;
  // RFC 3527 §3: the relay's link selection sub-option says which subnet, before giaddr does.
  const link = isRelayed ? message.relayAgent?.linkSelection : undefined;
  if (link !== undefined) return subnetOf(link, plan);
  // RFC 3011 §2: the subnet selection option takes precedence over giaddr and the arriving interface, if it is on.
  const selected = plan.subnetSelection ? message.subnetSelection : undefined;
  if (selected !== undefined) return subnetOf(selected, plan);
  // RFC 2131 §4.3.1: by giaddr when it is not 0, else by the interface on which the message came in.
  if (isRelayed) return subnetOf(message.giaddr, plan);
  // RFC 2131 §4.3.2: without giaddr, a unicast message's ciaddr is trusted; but not of who shows that it has no address.
  const hasAddress = arrival.source !== UNSPECIFIED && message.type !== 'DHCPDISCOVER';
  if (arrival.via === 'unicast' && hasAddress && message.ciaddr !== UNSPECIFIED)
    return subnetOf(message.ciaddr, plan);
  return localSubnet(plan);
}

function subnetOf(address: Ipv4, plan: Plan): Subnet | undefined {
  for (const subnet of plan.subnets) if (contains(subnet.prefix, address)) return subnet;
  return undefined;
}

function localSubnet(plan: Plan): Subnet | undefined {
  for (const subnet of plan.subnets) if (subnet.onLink) return subnet;
  return undefined;
}
