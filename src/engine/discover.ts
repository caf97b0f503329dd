import type { LeaseChange } from '../lease/lease-view.ts';
import { type Ipv4, UNSPECIFIED } from '../net/ipv4.ts';
import { chooseAddress } from './address/choose-address.ts';
import { exceedsLeasesPerMac } from './address/leases-of-card.ts';
import { leaveToGateway, leaveToHost, leaveToShare } from './address/leave-to-gateway.ts';
import { hasPeers, leavesToClusterPeer } from './address/peers.ts';
import { exceedsShareOfPort } from './address/share-of-port.ts';
import { bindingChange, offerChange } from './binding-change.ts';
import type { Decision, Reason } from './decision/decision.ts';
import type { DecisionInput } from './decision/decision-input.ts';
import { changeOf, replyWith, silence } from './decision/outcome.ts';
import { cachedLease } from './lease-cache.ts';
import { destinationOf } from './reply/destination.ts';
import { leaseReply, leaseSecondsOf, secondsLeft } from './reply/reply.ts';

const RAPID_COMMIT = 80;

/** RFC 2131 §4.3.1: a DHCPDISCOVER gets a DHCPOFFER, or, with rapid commit, the DHCPACK at once. */
export function answerDiscover(input: DecisionInput): Decision {
  const { message, plan, leases } = input;
  if (!leases.canPromise) return silence('cannot-promise');

  if (leavesToClusterPeer(input)) return silence('not-first');
  if (leases.bindingOf(input.client) === undefined && exceedsShareOfPort(input))
    return silence('share-of-port');

  const left = leaveToGateway(input) ?? leaveToShare(input, UNSPECIFIED);
  if (left !== undefined) return left;

  // RFC 4039 §3.1: only where the server is configured for it, and the client asks; never beside other gateways, which
  // would hear nothing of it.
  const isRapid = plan.rapidCommit && !hasPeers(input) && message.has(RAPID_COMMIT);
  const choice = chooseAddress(input, isRapid ? 'bind' : 'offer');
  if ('decision' in choice) return choice.decision;
  const { address, held } = choice;
  const leftToHost = held === 'binding' ? undefined : leaveToHost(input, address);
  if (leftToHost !== undefined) return leftToHost;
  const destination = destinationOf(input, address);

  if (isRapid) {
    const reason: Reason = held === 'binding' ? 'renewed' : 'bound';
    if (held !== 'binding' && exceedsLeasesPerMac(input, address)) return silence('too-many-identifiers');
    if (held !== 'binding' && exceedsShareOfPort(input)) return silence('share-of-port');
    const change = bindingChange(input, address, leaseSecondsOf(input, address), reason);
    const reply = leaseReply(input, 'DHCPACK', address);
    const firstPromise = held === 'binding' ? undefined : address;
    return replyWith(reply, destination, reason, change, firstPromise);
  }

  // RFC 2131 §3.1 (4): what the DHCPACK says should not conflict with it.
  const seconds = cachedLease(input, address) === undefined ? undefined : secondsLeft(input, address);
  const reply = leaseReply(input, 'DHCPOFFER', address, seconds);
  if (held === 'binding' || held === 'unheld') {
    const reason: Reason = held === 'binding' ? 'offered-again' : 'offered-unheld';
    return replyWith(reply, destination, reason, changeWhileShared(input, address, reason));
  }
  const again: Reason = held === 'offer' ? 'offered-again' : 'offered';
  const reason = input.cloneOf === undefined ? again : 'offered-to-clone';
  const change = offerChange(input, address, reason);
  const quietOffer = choice.isQuiet === true ? address : undefined;
  return replyWith(reply, destination, reason, change, undefined, quietOffer, input.cloneOf);
}

/**
 * Where leases are shared, an offer that keeps nothing rests on what the store is sure of too: a gateway that is cut off
 * must not draw the client away from those that can give it the address.
 */
function changeWhileShared(input: DecisionInput, address: Ipv4, reason: Reason): LeaseChange | undefined {
  const { context, leases } = input;
  if (context.clusterPeers === undefined) return undefined;
  const expectedVersion = leases.at(address)?.version ?? 0;
  return changeOf(input, 'offer', reason, [{ address, expectedVersion, next: 'precondition-only' }]);
}
