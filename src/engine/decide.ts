import type { Instant } from '../lease/lease.ts';
import type { LeaseView } from '../lease/lease-view.ts';
import type { Arrival } from '../net/datagram.ts';
import { UNSPECIFIED } from '../net/ipv4.ts';
import { isServed } from '../subnet/is-served.ts';
import type { Plan } from '../subnet/plan.ts';
import { BOOTREQUEST } from '../wire/layout.ts';
import type { Message } from '../wire/message.ts';
import { identify } from './address/identify.ts';
import { answerBootp } from './bootp.ts';
import { asksThisServer } from './decision/asks-this-server.ts';
import type { Decision, DecisionContext } from './decision/decision.ts';
import type { DecisionInput } from './decision/decision-input.ts';
import { extendsOwnLease } from './decision/may-be-passed-on.ts';
import { probe, silence } from './decision/outcome.ts';
import { answerDecline } from './decline.ts';
import { answerDiscover } from './discover.ts';
import { answerInform } from './inform.ts';
import { answerRelease } from './release.ts';
import { bootTermsFor } from './reply/boot-terms.ts';
import { classTermsOf } from './reply/class-terms.ts';
import { answerRequest } from './request.ts';

/**
 * RFC 2131 §4.3: what a server does about one message. Pure: the same arguments, the same decision. A message with giaddr
 * must have passed `relayDrop` first, as in the exchange: its reply goes to giaddr.
 */
export function decide(
  message: Message,
  arrival: Arrival,
  context: DecisionContext,
  now: Instant,
  leases: LeaseView,
  plan: Plan,
): Decision {
  if (message.op !== BOOTREQUEST) return silence('not-a-request');
  if (arrival.frameSource !== undefined && !extendsOwnLease(message, arrival, context.client, now, leases))
    return silence('another-card');
  if (!isServed(message, arrival, plan) && !wasServed(message, arrival, context, leases))
    return silence('no-subnet');
  const whole = plan.subnet;
  const classed = whole.classes.length === 0 ? undefined : classTermsOf(message, whole);
  if (classed?.isNotServed === true && asksThisServer(message, plan)) return silence('refused-by-class');
  const subnet = bootTermsFor(message, classed?.subnet ?? whole);

  const identified = identify({ message, context, now, leases, plan, subnet });
  if ('probe' in identified) return probe(identified.probe, 'asking-client', now, plan.probeMilliseconds);
  const { client, cloneOf } = identified;
  const { port } = context;
  const plugged = port?.kind === 'guest' ? port.name : undefined;
  const who = { client, hardware: message.hardware, message, port: plugged };
  const reservation = subnet.reservations.isEmpty ? undefined : subnet.reservations.of(who);
  return answer({ message, arrival, context, now, leases, plan, subnet, client, who, reservation, cloneOf });
}

/**
 * RFC 2131 §4.3.2: without giaddr, a unicast message's ciaddr is trusted. One that is off the prefix was still leased
 * here if the store says so: the prefix has changed since, and the client is on this segment.
 */
function wasServed(
  { ciaddr, giaddr }: Message,
  { via }: Arrival,
  { client }: DecisionContext,
  leases: LeaseView,
): boolean {
  return via === 'unicast' && giaddr === UNSPECIFIED && leases.bindingOf(client)?.address === ciaddr;
}

/** RFC 2131 §4.3, by message type. */
function answer(input: DecisionInput): Decision {
  switch (input.message.type) {
    case 'DHCPDISCOVER':
      return answerDiscover(input);
    case 'DHCPREQUEST':
      return answerRequest(input);
    case 'DHCPDECLINE':
      return answerDecline(input);
    case 'DHCPRELEASE':
      return answerRelease(input);
    case 'DHCPINFORM':
      return answerInform(input);
    case undefined:
      return answerBootp(input); // RFC 1534 §2: no message type, so a BOOTP client.
    case 'DHCPOFFER':
    case 'DHCPACK':
    case 'DHCPNAK':
      return silence('not-a-request');
    case 'unknown':
      return silence('unknown-type');
  }
}
