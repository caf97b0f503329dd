import { type Ipv4, isHost, UNSPECIFIED } from '../../net/ipv4.ts';
import { broadcastOf } from '../../net/prefix.ts';
import type { Plan } from '../../subnet/plan.ts';
import { BOOTREQUEST } from '../../wire/layout.ts';
import type { Message } from '../../wire/message.ts';
import type { RelayDrop } from '../observer/relay-drop.ts';

/**
 * RFC 2131 §4.1: a reply goes to giaddr, wherever that is. So only what the operator has listed is a relay agent: by
 * giaddr a guest could otherwise have this host send to any address that it likes. Undefined: nothing is against it.
 */
export function relayDrop({ op, giaddr }: Message, plan: Plan): RelayDrop | undefined {
  if (giaddr === UNSPECIFIED || op !== BOOTREQUEST) return undefined;
  if (!canBeRelay(giaddr, plan)) return 'bad-giaddr';
  for (const { first, last } of plan.relays) if (giaddr >= first && giaddr <= last) return undefined;
  return 'relay-not-listed';
}

/** RFC 1542 §4.1.1: giaddr is an address of the relay agent itself; not ours, and not one of a whole network. */
function canBeRelay(giaddr: Ipv4, { serverIdentifier, subnet: { prefix } }: Plan): boolean {
  if (!isHost(giaddr) || giaddr === serverIdentifier) return false;
  return giaddr !== prefix.network && giaddr !== broadcastOf(prefix);
}
