import { UNSPECIFIED } from '../net/ipv4.ts';
import { contains } from '../net/prefix.ts';
import type { Decision } from './decision/decision.ts';
import type { DecisionInput } from './decision/decision-input.ts';
import { replyWith, silence } from './decision/outcome.ts';
import { destinationOf } from './reply/destination.ts';
import { informReply } from './reply/reply.ts';

/**
 * RFC 2131 §4.3.5: parameters for a client that has its address from elsewhere; no lease is looked up or made.
 * Deviates from RFC 2131 §4.3.5: the answer to what came through a relay goes back through it, as all others do; what a
 * client says of its address never makes this host send anywhere.
 */
export function answerInform(input: DecisionInput): Decision {
  const { message, arrival, subnet } = input;
  const isRelayed = message.giaddr !== UNSPECIFIED;
  const address = message.ciaddr === UNSPECIFIED && !isRelayed ? arrival.source : message.ciaddr;
  if (address === UNSPECIFIED && !isRelayed) return silence('no-address');
  // RFC 2131 §4.3.5: the network address should be checked for consistency.
  if (address !== UNSPECIFIED && !contains(subnet.prefix, address)) return silence('wrong-network');
  return replyWith(informReply(input), destinationOf(input, UNSPECIFIED), 'informed', undefined);
}
