import { INFINITE_SECONDS, NEVER } from '../lease/lease.ts';
import { chooseAddress } from './choose.ts';
import type { Decision } from './decision.ts';
import { destinationOf } from './destination.ts';
import { bind } from './grant.ts';
import { silence } from './outcome.ts';
import type { Question } from './question.ts';
import { bootpReply } from './reply.ts';

/** RFC 1534 §2: a BOOTP client gets an automatic address without end, if the operator has said so; else silence. */
export function answerBootp(question: Question): Decision {
  const { plan, leases } = question;
  if (!plan.bootp) return silence('bootp-off');
  if (!leases.canPromise) return silence('cannot-promise');

  const choice = chooseAddress(question);
  if ('decision' in choice) return choice.decision;
  const { address, standing } = choice;
  const reply = bootpReply(question, address);
  const destination = destinationOf(question, address);
  // Its binding has no end, so that a second request changes nothing; one that it got by DHCP has.
  const isEndless = leases.bindingOf(question.client)?.expiresAt === NEVER;
  if (standing === 'binding' && isEndless) return { kind: 'reply', reply, destination, reason: 'bootp' };
  const change = bind(question, address, INFINITE_SECONDS, 'bootp');
  return { kind: 'reply', reply, destination, reason: 'bootp', change };
}
