import { currentAt, isBoundTo, isLive, isTaken } from '../allocation/availability.ts';
import type { Ipv4 } from '../net/ipv4.ts';
import { contains } from '../net/prefix.ts';
import { outranksRival } from './address/peers.ts';
import { confirmCommitted } from './confirm-committed.ts';
import type { RuleDecision } from './decision/decision.ts';
import { type DecisionInput, entitlementTo, isHolder, reusableBefore } from './decision/decision-input.ts';
import { silence } from './decision/outcome.ts';
import { refuse, refuseBecauseOf, refuseReserved } from './reply/refuse.ts';
import { leaseSecondsOf } from './reply/reply.ts';

/** What is left of a lease that is not extended any more must be as long to be told again: seconds. */
const LEAST_LEFT = 10;

/**
 * RFC 2131 §4.3.2: a client on the wrong network is told so, if this server speaks for the network. So is one whose address
 * is another's by settings or reservations, however long its lease still runs: the router, a gateway or the client that it
 * is reserved for is beside it there.
 */
export function refuseForbidden(input: DecisionInput, address: Ipv4): RuleDecision {
  const { plan, subnet, leases, client } = input;
  const entitlement = entitlementTo(address, input);
  if (entitlement === 'lease' || entitlement === 'keep-until-end') return undefined;
  if (!contains(subnet.prefix, address))
    return plan.authoritative ? refuse(input, address, 'wrong-network') : silence('wrong-network');
  const isOwn = leases.recordAt(address)?.client === client; // So that no other server can have given it.
  if (entitlement === 'nothing')
    return plan.authoritative || isOwn ? refuse(input, address, 'excluded') : silence('excluded');
  // While nothing can be promised its old holder would get no other: it keeps what was promised.
  if (!leases.canPromise) return confirmCommitted(input, address);
  return plan.authoritative || isOwn
    ? refuseReserved(input, address, address, 'reserved-for-another')
    : silence('reserved-for-another');
}

/**
 * RFC 2131 §4.3.2: a lease that is only kept until it ends, since its address is in no pool or kept for a removed reservation, is
 * not worth an answer of a few seconds; and whoever renews again and again would keep it for ever. Its client is refused a
 * little before the end, and gets another address.
 */
export function refuseAtEnd(input: DecisionInput, address: Ipv4): RuleDecision {
  const { leases } = input;
  if (entitlementTo(address, input) !== 'keep-until-end' || !leases.canPromise) return undefined;
  const lease = leases.recordAt(address);
  if (!isHolder(input, lease) || leaseSecondsOf(input, address) >= LEAST_LEFT) return undefined;
  return refuseBecauseOf(input, address, lease, 'not-in-pool');
}

/**
 * RFC 2131 §4.3.2: a client whose notion of its address is incorrect gets a DHCPNAK; but only a live binding shows that.
 *
 * Deviates from RFC 2131 §4.3.2: an INIT-REBOOT client of which there is no record is refused if the address is
 * leased to another client; by §3.2 (4) it would otherwise go on using it beside its holder.
 */
export function refuseAgainstLive(input: DecisionInput, address: Ipv4): RuleDecision {
  const { leases, client, now } = input;
  const current = currentAt(leases, address, now);
  if (current?.state === 'bound' && current.client !== client && isLive(current, now)) {
    return refuseBecauseOf(input, address, current, 'bound-to-another');
  }
  const binding = leases.bindingOf(client);
  if (isBoundTo(binding, client, now) && binding.address !== address) {
    return refuseBecauseOf(input, address, binding, 'bound-elsewhere');
  }
  return undefined;
}

/** RFC 2131 §4.3.2: another machine was just heard at the address, which the client would go on using beside it. */
export function refuseInUse(input: DecisionInput, address: Ipv4): RuleDecision {
  const { context, message, leases, now } = input;
  const holder = context.answers.get(address);
  const current = currentAt(leases, address, now);
  if (holder === undefined || holder === message.hardware || current?.state !== 'declined') return undefined;
  return refuseBecauseOf(input, address, current, 'quarantined');
}

/** What keeps a SELECTING client from the address that it names. */
export function refuseTaken(input: DecisionInput, address: Ipv4): RuleDecision {
  const { leases, client, now } = input;
  if (leases.isInFlight(address)) return silence('in-flight');
  const current = currentAt(leases, address, now);
  if (current === undefined || !isTaken(current, client, now, reusableBefore(input, current)))
    return undefined;
  if (outranksRival(input, current)) return undefined;
  switch (current.state) {
    case 'declined':
      return refuseBecauseOf(input, address, current, 'quarantined');
    case 'offered':
      return refuseBecauseOf(input, address, current, 'offered-to-another');
    case 'bound':
      return refuseBecauseOf(
        input,
        address,
        current,
        hasOtherOffer(input) ? 'bound-to-another' : 'offer-lost',
      );
    default:
      return refuseBecauseOf(input, address, current, 'bound-to-another');
  }
}

/**
 * True: another address is on offer to the client, so it was not offered the one that it selects. False: as far as this gateway
 * knows it was offered that one, and another client has asked for it first.
 */
function hasOtherOffer({ leases, client, now }: DecisionInput): boolean {
  const offer = leases.offerTo(client);
  return offer !== undefined && isLive(offer, now);
}
