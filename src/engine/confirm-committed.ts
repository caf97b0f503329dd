import { isBoundTo } from '../allocation/availability.ts';
import { type Lease, NEVER } from '../lease/lease.ts';
import type { Ipv4 } from '../net/ipv4.ts';
import { isGrantedHere } from './address/peers.ts';
import type { Decision } from './decision/decision.ts';
import type { DecisionInput } from './decision/decision-input.ts';
import { probe, replyWith, silence } from './decision/outcome.ts';
import { destinationOf } from './reply/destination.ts';
import { leaseReply, secondsLeft, secondsUntil } from './reply/reply.ts';

const SERVER_IDENTIFIER = 54;
/** A lease that ends sooner than this is not worth an answer while nothing can be promised: seconds. */
const LEAST_LEFT = 60;

/**
 * Nothing new can be promised now, but a committed lease still runs. Its client may use it for what is left of it, and never
 * longer, if ARP shows nobody else at its address.
 *
 * A client whose DHCPRELEASE was sent to the store, with an outcome that is unknown, gets no answer until a later write
 * settles it.
 *
 * By design this gateway knows only of the releases that it has sent itself since its start. If another gateway took the
 * DHCPRELEASE of a client, and this one does not know of it, a client that boots with that address is confirmed. Later
 * another client may be given the address too, if nobody answers ARP there. But a client that keeps its address to boot with
 * it will not normally release it (RFC 2131 §3.2 (4)).
 */
export function confirmCommitted(input: DecisionInput, address: Ipv4): Decision {
  const { arrival, leases, client, now, message, plan, context } = input;
  const isNew = message.has(SERVER_IDENTIFIER); // SELECTING, or a client that confuses the states.
  const lease = leases.recordAt(address);
  if (isNew || leases.mayBeLost(address) || !context.trustsClock) return silence('cannot-promise');
  if (!isBoundTo(lease, client, now)) return silence('cannot-promise');
  const left = secondsUntil(leases.promisedUntil(address), now);
  const seconds = Math.min(left, secondsLeft(input, address)) - clockMargin(input, lease);
  if (seconds < LEAST_LEFT) return silence('cannot-promise');
  if (plan.probeMilliseconds > 0) {
    if (!context.answers.has(address)) return probe(address, 'asking-address', now, plan.probeMilliseconds);
    const holder = context.answers.get(address);
    if (holder !== undefined && holder !== message.hardware) return silence('cannot-promise');
  } else if (arrival.source !== address) return silence('cannot-promise'); // Only its use shows that it is its own.
  const reply = leaseReply(input, 'DHCPACK', address, seconds);
  return replyWith(reply, destinationOf(input, address), 'as-committed', undefined);
}

/** By so much a lease may be over earlier than this clock says, as another gateway's clock has set its end: seconds. */
function clockMargin(input: DecisionInput, lease: Lease): number {
  const isCertain = isGrantedHere(input, lease) || lease.expiresAt === NEVER;
  return isCertain ? 0 : Math.ceil((input.context.clusterPeers?.graceMilliseconds ?? 0) / 1000);
}
