import { oldestOfSilentPeer } from '../../allocation/last-resorts.ts';
import type { Search } from '../../allocation/search.ts';
import { firstGatewayFor } from '../../allocation/shared-proposals.ts';
import { instant } from '../../lease/lease.ts';
import { type Ipv4, UNSPECIFIED } from '../../net/ipv4.ts';
import { isInOthersShare } from '../../subnet/pool.ts';
import type { RuleDecision } from '../decision/decision.ts';
import { type DecisionInput, isHolder } from '../decision/decision-input.ts';
import { silence, waitFor } from '../decision/outcome.ts';
import { GRANTER_WAIT, isGrantedHere, RETRY_SECS } from './peers.ts';

/** How long a guest is left to the gateway of its own host, or to the one that goes first for it: milliseconds. */
const LEFT_FOR = 1000;
/**
 * If a claimed address becomes free within the first time, a guest waits for the second: milliseconds. Each guest that waits needs
 * an address of its own. What is claimed for a gateway that is absent is free within 2 s. What is claimed for one that is there
 * becomes free one after the other, as it was claimed: so the longer wait lasts a second longer than until the first is free.
 */
const FIRST_WAIT = { within: 2000, milliseconds: 2000 };
const LATER_WAIT = { within: 3000, milliseconds: 4000 };

/**
 * Where gateways only hear each other: one of them answers a guest first, and the others wait for a moment. Without this,
 * each gateway would answer all guests that boot at once. It would run out of the addresses that it goes first for, and two
 * gateways would offer one address to two guests. While a guest is left to another gateway, no address is kept for it.
 */
export function leaveToGateway(input: DecisionInput): RuleDecision {
  const { context, message, now } = input;
  const { firstGateways, mayLeaveGuest, waited, isDiscoverRetry, host, isLeftToHost } = context;
  if (firstGateways === undefined || firstGateways.size === 0 || mayLeaveGuest !== true) return undefined;
  if (waited || context.answers.size > 0 || isDiscoverRetry || message.secs >= RETRY_SECS) return undefined;
  if (host === 'own' || isLeftToHost === true) return undefined;
  const first = firstAnswering(input, firstGateways);
  if (first === undefined) return undefined;
  return { ...waitFor(UNSPECIFIED, 'left-to-gateway', now, LEFT_FOR), leftTo: first };
}

/**
 * Where all addresses are claimed for other gateways: the guest waits, if one of them may be given again soon. RFC 2131 §4.1
 * has the guest ask again only after 4, 8 and 16 seconds, when other guests may have taken that address. No more guests wait at
 * a time than are left to another gateway. Undefined: no address becomes free by waiting.
 */
export function leaveToClaims({ context, message, now }: DecisionInput, search: Search): RuleDecision {
  if (message.type !== 'DHCPDISCOVER' || context.waited) return undefined;
  if (context.firstGateways === undefined || context.mayLeaveGuest !== true) return undefined;
  const isFreeWithin = (within: number) =>
    oldestOfSilentPeer({ ...search, now: instant(now + within) }) !== undefined;
  if (!isFreeWithin(LATER_WAIT.within)) return undefined;
  const { milliseconds } = isFreeWithin(FIRST_WAIT.within) ? FIRST_WAIT : LATER_WAIT;
  return waitFor(UNSPECIFIED, 'left-to-claims', now, milliseconds);
}

/**
 * The gateway that answers a guest first: the one that has granted its last lease, else the one that goes first for the
 * address at the guest's own position in the pools (RFC 3074: a hash of the client decides). Undefined: this one.
 */
function firstAnswering(input: DecisionInput, gateways: ReadonlySet<Ipv4>): Ipv4 | undefined {
  const { client, leases, plan, subnet, reservation } = input;
  const last = leases.bindingOf(client);
  if (last !== undefined && isGrantedHere(input, last)) return undefined;
  if (last !== undefined) return gateways.has(last.granter) ? last.granter : undefined;
  // Its address is settled already: reserved for it, or on offer to it here.
  if (reservation !== undefined || leases.offerTo(client) !== undefined) return undefined;
  const self = plan.serverIdentifier;
  const first = firstGatewayFor({ client, subnet, self, hostGateway: undefined, clusterPeers: gateways });
  return first === self ? undefined : first;
}

/**
 * Where each gateway has a share of the pool: a guest whose reserved address is in another one's share is left to that one, which
 * alone knows whether the address is free. What the guest has from this gateway it keeps, so that it is served also while the
 * other one is down. But RENEWING asks this gateway alone (RFC 2131 §4.4.5): it is not answered, so that the guest asks all
 * gateways (REBINDING). The other one sends it one DHCPNAK and gives it the reserved address.
 */
export function leaveToShare(input: DecisionInput, address: Ipv4): RuleDecision {
  const { reservation, subnet, context, message, arrival, now } = input;
  if (reservation === undefined || !isInOthersShare(subnet, reservation.address)) return undefined;
  if (message.type === 'DHCPDISCOVER') {
    const isAgain = context.isDiscoverRetry || message.secs >= RETRY_SECS;
    return context.waited || isAgain ? undefined : waitFor(address, 'left-to-share', now, LEFT_FOR);
  }
  const isItsOwn: boolean = isHolder(input, input.leases.recordAt(address));
  if (reservation.address === address) return isItsOwn ? undefined : silence('in-another-share');
  if (arrival.via === 'unicast') return silence('in-another-share');
  return context.waited ? undefined : waitFor(address, 'left-to-share', now, GRANTER_WAIT);
}

/**
 * Where gateways hear of each other and nothing more: a new guest of another host is left to the gateway there for a moment,
 * so that no two gateways want one address when many boot.
 */
export function leaveToHost({ context, message, now }: DecisionInput, address: Ipv4): RuleDecision {
  const { isLeftToHost, isDiscoverRetry, waited } = context;
  if (isLeftToHost !== true || waited || isDiscoverRetry || message.secs >= RETRY_SECS) return undefined;
  return waitFor(address, 'left-to-host', now, LEFT_FOR);
}
