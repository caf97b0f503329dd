import { contains } from '../net/prefix.ts';
import type { Decision } from './decision.ts';
import { destinationOfInform } from './destination.ts';
import { silence } from './outcome.ts';
import type { Question } from './question.ts';
import { informReply } from './reply.ts';

/** RFC 2131 §4.3.5: parameters for a client that has its address from elsewhere; no lease is looked up or made. */
export function answerInform(question: Question): Decision {
  const destination = destinationOfInform(question.message, question.arrival);
  if (destination === undefined) return silence('no-address');
  // RFC 2131 §4.3.5: the network address should be checked for consistency; an answer to anywhere would serve forgers.
  if (!contains(question.subnet.prefix, destination.address)) return silence('wrong-network');
  return { kind: 'reply', reply: informReply(question), destination, reason: 'informed' };
}
