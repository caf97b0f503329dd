import { INFINITE_SECONDS, NEVER } from '../lease/lease.ts';
import { chooseAddress } from './address/choose-address.ts';
import { exceedsShareOfPort } from './address/share-of-port.ts';
import { bindingChange } from './binding-change.ts';
import type { Decision } from './decision/decision.ts';
import type { DecisionInput } from './decision/decision-input.ts';
import { replyWith, silence } from './decision/outcome.ts';
import { destinationOf } from './reply/destination.ts';
import { bootpReply } from './reply/reply.ts';

/** RFC 1534 §2: a BOOTP client gets an automatic address without end, if the operator has said so; else silence. */
export function answerBootp(input: DecisionInput): Decision {
  const { plan, leases } = input;
  if (!plan.bootp) return silence('bootp-off');
  if (!leases.canPromise) return silence('cannot-promise');

  const choice = chooseAddress(input, 'bind');
  if ('decision' in choice) return choice.decision;
  const { address, held } = choice;
  if (held !== 'binding' && exceedsShareOfPort(input)) return silence('share-of-port');
  const reply = bootpReply(input, address);
  const destination = destinationOf(input, address);
  // Its binding has no end, so that a second request changes nothing; one that it got by DHCP has.
  const isEndless = leases.bindingOf(input.client)?.expiresAt === NEVER;
  if (held === 'binding' && isEndless) return replyWith(reply, destination, 'bootp', undefined);
  const change = bindingChange(input, address, INFINITE_SECONDS, 'bootp');
  return replyWith(reply, destination, 'bootp', change);
}
