import { isOneTooMany } from './cards.ts';
import { chooseAddress } from './choose.ts';
import type { Decision, Reason } from './decision.ts';
import { destinationOf } from './destination.ts';
import { bind, hold } from './grant.ts';
import { cachedLease } from './lease-cache.ts';
import { silence } from './outcome.ts';
import { hearsPeers, leavesToAnother } from './peers.ts';
import type { Question } from './question.ts';
import { leaseReply, leaseSecondsOf, secondsLeft } from './reply.ts';

const RAPID_COMMIT = 80;

/** RFC 2131 §4.3.1: a DHCPDISCOVER gets a DHCPOFFER, or, with rapid commit, the DHCPACK at once. */
export function answerDiscover(question: Question): Decision {
  const { message, plan, leases } = question;
  if (!leases.canPromise) return silence('cannot-promise');

  if (leavesToAnother(question)) return silence('not-first');

  const choice = chooseAddress(question);
  if ('decision' in choice) return choice.decision;
  const { address, standing } = choice;
  const destination = destinationOf(question, address);

  // RFC 4039 §3.1: only where the server is configured for it, and the client asks; never beside other gateways, which
  // would hear nothing of it.
  if (plan.rapidCommit && !hearsPeers(question) && message.has(RAPID_COMMIT)) {
    const reason: Reason = standing === 'binding' ? 'renewed' : 'bound';
    if (standing !== 'binding' && isOneTooMany(question, address)) return silence('too-many-identifiers');
    const change = bind(question, address, leaseSecondsOf(question, address), reason);
    return { kind: 'reply', reply: leaseReply(question, 'DHCPACK', address), destination, reason, change };
  }

  // RFC 2131 §3.1 (4): what the DHCPACK says should not conflict with it.
  const seconds = cachedLease(question, address) === undefined ? undefined : secondsLeft(question, address);
  const reply = leaseReply(question, 'DHCPOFFER', address, seconds);
  if (standing === 'binding') return { kind: 'reply', reply, destination, reason: 'offered-again' };
  if (question.cloneOf !== undefined) {
    const change = hold(question, address, 'offered-to-clone');
    return { kind: 'reply', reply, destination, reason: 'offered-to-clone', change, other: question.cloneOf };
  }
  const reason: Reason = standing === 'offer' ? 'offered-again' : 'offered';
  return { kind: 'reply', reply, destination, reason, change: hold(question, address, reason) };
}
