import type { Decision } from './decision.ts';
import { destinationOfInform } from './destination.ts';
import { silence } from './outcome.ts';
import type { Question } from './question.ts';
import { informReply } from './reply.ts';

/** RFC 2131 §4.3.5: parameters for a client that has its address from elsewhere; no lease is looked up or made. */
export function answerInform(question: Question): Decision {
  const destination = destinationOfInform(question.message, question.arrival);
  if (destination === undefined) return silence('no-address');
  return { kind: 'reply', reply: informReply(question), destination, reason: 'informed' };
}
