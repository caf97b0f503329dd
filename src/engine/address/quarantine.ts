import { currentAt } from '../../allocation/availability.ts';
import type { Lease } from '../../lease/lease.ts';
import { NO_HARDWARE } from '../../net/hardware-address.ts';
import type { Ipv4 } from '../../net/ipv4.ts';
import type { Decision } from '../decision/decision.ts';
import { type DecisionInput, entitlementTo, mayBeLive } from '../decision/decision-input.ts';
import { probe } from '../decision/outcome.ts';
import { isContested } from './check-unused.ts';
import { hasPeers, isTakenSince } from './peers.ts';

/**
 * A quarantine keeps other machines away, not the machine that was found there. The address goes back to the client that
 * asks, if no other card answers ARP for it now, and if either this card answered when the quarantine began, or the client
 * had the address last and answers now. So a forged DHCPDECLINE, DHCPRELEASE or DHCPDISCOVER takes no lease from a guest
 * that runs, and neither does a lease file that was put back. 'stands': the quarantine goes on, or ARP cannot be asked.
 *
 * If nobody answers, the quarantine ends only if this gateway has missed nothing since it began. Otherwise a peer's client
 * may have the address by now, on a machine that is off.
 */
export function quarantineFor(input: DecisionInput, address: Ipv4): 'over' | 'stands' | Decision {
  const { leases, now, context, message, plan } = input;
  const current = currentAt(leases, address, now);
  if (current?.state !== 'declined' || !mayBeLive(input, current)) return 'stands';
  if (plan.probeMilliseconds === 0 || entitlementTo(address, input) !== 'lease') return 'stands';
  // Also by a client that took it long ago: a quarantine may outlast every lease.
  if (leases.isInFlight(address) || isContested(current, input) || isTakenSince(input, current))
    return 'stands';
  const isWitness = wasSeenAt(input, current);
  if (!isWitness && current.client !== input.client) return 'stands';
  if (!context.answers.has(address)) return probe(address, 'asking-quarantined', now, plan.probeMilliseconds);
  const holder = context.answers.get(address);
  const isSeen = holder === message.hardware;
  const isNobodyElses = isWitness && holder === undefined && !mayHaveMissed(input, current);
  return isSeen || isNobodyElses ? 'over' : 'stands';
}

/** A peer's client may have taken the address since it was put aside, unheard or forgotten with a restart. */
function mayHaveMissed(input: DecisionInput, { version }: Lease): boolean {
  return hasPeers(input) && version <= input.context.lastGapRevision;
}

/** The client's own card answered when the address was put into quarantine: that was no conflict. */
function wasSeenAt({ message }: DecisionInput, { hardware }: Lease): boolean {
  return hardware === message.hardware && hardware !== NO_HARDWARE;
}
