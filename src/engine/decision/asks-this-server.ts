import { UNSPECIFIED } from '../../net/ipv4.ts';
import type { Plan } from '../../subnet/plan.ts';
import type { Message } from '../../wire/message.ts';

/** False for what ends something, and for a DHCPREQUEST that a client broadcasts to another server. */
export function asksThisServer({ type, serverIdentifier, giaddr }: Message, plan: Plan): boolean {
  if (type === 'DHCPRELEASE' || type === 'DHCPDECLINE') return false;
  if (type !== 'DHCPREQUEST' || giaddr !== UNSPECIFIED) return true;
  return serverIdentifier === undefined || serverIdentifier === plan.serverIdentifier;
}
