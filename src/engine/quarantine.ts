import { standingAt } from '../allocation/availability.ts';
import type { Lease } from '../lease/lease.ts';
import { NO_HARDWARE } from '../net/hardware-address.ts';
import type { Ipv4 } from '../net/ipv4.ts';
import type { Decision } from './decision.ts';
import { ask } from './outcome.ts';
import { entitlementTo, mayStand, type Question } from './question.ts';
import { isContested } from './vouching.ts';

/**
 * A quarantine is meant for others than the very machine that it was found at. Its address goes back to the client that
 * asks, if nobody but this client's own card answers for it now, and either that card is what answered when it was put
 * aside, or the client had it last and is seen there. So a forged DHCPDECLINE, DHCPRELEASE or DHCPDISCOVER costs a
 * guest that lives no lease, and neither does a lease file that was put back. 'stands': not so, or nobody can be asked.
 */
export function quarantineFor(question: Question, address: Ipv4): 'over' | 'stands' | Decision {
  const { leases, now, context, message, plan } = question;
  const standing = standingAt(leases, address, now);
  if (standing?.state !== 'declined' || !mayStand(question, standing)) return 'stands';
  if (plan.probeMilliseconds === 0 || entitlementTo(address, question) !== 'lease') return 'stands';
  if (leases.isInFlight(address) || isContested(standing, question)) return 'stands';
  const isWitness = wasSeenAt(question, standing);
  if (!isWitness && standing.client !== question.client) return 'stands';
  if (!context.answers.has(address)) return ask(address, 'asking-quarantined', now, plan.probeMilliseconds);
  const holder = context.answers.get(address);
  const isSeen = holder === message.hardware;
  return isSeen || (isWitness && holder === undefined) ? 'over' : 'stands';
}

/** The client's own card answered when the address was put into quarantine: that was no conflict. */
function wasSeenAt({ message }: Question, { hardware }: Lease): boolean {
  return hardware === message.hardware && hardware !== NO_HARDWARE;
}
