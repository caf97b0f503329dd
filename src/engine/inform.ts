import { UNSPECIFIED } from '../net/ipv4.ts';
import { contains } from '../net/prefix.ts';
import type { Decision } from './decision.ts';
import { destinationOf } from './destination.ts';
import { silence } from './outcome.ts';
import type { Question } from './question.ts';
import { informReply } from './reply.ts';

/**
 * RFC 2131 §4.3.5: parameters for a client that has its address from elsewhere; no lease is looked up or made.
 * Deviates from RFC 2131 §4.3.5: the answer to what came through a relay goes back through it, as all others do; what a
 * client says of its address never makes this host send anywhere.
 */
export function answerInform(question: Question): Decision {
  const { message, arrival, subnet } = question;
  const isRelayed = message.giaddr !== UNSPECIFIED;
  const address = message.ciaddr === UNSPECIFIED && !isRelayed ? arrival.source : message.ciaddr;
  if (address === UNSPECIFIED && !isRelayed) return silence('no-address');
  // RFC 2131 §4.3.5: the network address should be checked for consistency.
  if (address !== UNSPECIFIED && !contains(subnet.prefix, address)) return silence('wrong-network');
  const destination = destinationOf(question, UNSPECIFIED);
  return { kind: 'reply', reply: informReply(question), destination, reason: 'informed' };
}
