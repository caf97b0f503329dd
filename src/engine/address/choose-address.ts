import { isBoundTo, isLive } from '../../allocation/availability.ts';
import { findAddress, reservedFor, type Search } from '../../allocation/candidates.ts';
import type { Lease } from '../../lease/lease.ts';
import type { Ipv4 } from '../../net/ipv4.ts';
import { type DecisionInput, entitlementTo, overBefore } from '../decision/decision-input.ts';
import { silence } from '../decision/outcome.ts';
import { moveAlong } from './cards.ts';
import type { Choice } from './choice.ts';
import { quarantineFor } from './quarantine.ts';
import { seeThatUnused } from './vouching.ts';

/** Where leases are shared, an offer gives way to a stranger when it has not been answered for so long: milliseconds. */
const OFFER_PATIENCE = 5000;

/**
 * RFC 2131 §4.3.1: what is reserved for the client, if it is free, else its current binding, else its standing offer, else
 * the first proposal that is free.
 */
export function chooseAddress(input: DecisionInput): Choice {
  const { leases, client, who, now, subnet, message, context } = input;

  const binding = leases.bindingOf(client);
  const offer = leases.offerTo(client);
  const reserved = subnet.reservations.of(who) && reservedFor(searchOf(input));
  const isWanted = (lease: Lease) => reserved === undefined || reserved === lease.address;
  if (isBoundTo(binding, client, now) && isWanted(binding) && fits(binding, input))
    return checked(input, binding.address, 'binding');
  if (offer !== undefined && isLive(offer, now) && isWanted(offer) && fits(offer, input)) {
    return checked(input, offer.address, 'offer');
  }
  if (reserved !== undefined) return checked(input, reserved, 'none');

  for (const address of [binding?.address, message.requestedAddress]) {
    const quarantine = address === undefined ? 'stands' : quarantineFor(input, address);
    if (quarantine === 'over' && address !== undefined) return checked(input, address, 'none');
    if (typeof quarantine !== 'string') return { decision: quarantine };
  }

  const search = searchOf(input);
  const moved = moveAlong(input, search);
  if (moved !== undefined) return moved;
  const isPressed = binding === undefined && context.clusterPeers !== undefined && isPressedBy(input);
  const address = findAddress(search, isPressed);
  if (address === undefined) return { decision: silence(isPressed ? 'crowded' : 'pool-full') };
  return checked(input, address, 'none');
}

function searchOf(input: DecisionInput): Search {
  const { leases, client, now, subnet, message, context, plan } = input;
  return {
    client,
    hardware: message.hardware,
    requested: message.requestedAddress,
    subnet,
    leases,
    now,
    overBefore: (lease) => overBefore(input, lease),
    trustsClock: context.trustsClock,
    offerPatience: context.clusterPeers === undefined ? 0 : OFFER_PATIENCE,
    answers: context.answers,
    self: plan.serverIdentifier,
    peers: context.peerObservations.peers,
    heardSince: context.peerObservations.since,
    clusterPeers: context.clusterPeers?.live,
  };
}

/**
 * Where leases are shared, an offer is a write in etcd, and forged DISCOVERs could fill the pool with them: at most a
 * quarter of what is free may stand offered to strangers, and what is decided together counts when it stands.
 */
function isPressedBy({ leases, subnet }: DecisionInput): boolean {
  let free = 0;
  let offered = 0;
  for (const pool of subnet.pools) {
    const room = leases.room(pool);
    free += room.free;
    offered += room.offered;
  }
  return free > 0 && offered * 4 >= free;
}

function checked(input: DecisionInput, address: Ipv4, standing: 'binding' | 'offer' | 'none'): Choice {
  const first = seeThatUnused(input, address);
  return first === undefined ? { address, standing } : { decision: first };
}

/** A lease outside the pools of today's plan is kept until it ends, but not offered again. */
function fits(lease: Lease, input: DecisionInput): boolean {
  return entitlementTo(lease.address, input) === 'lease' && !input.leases.isInFlight(lease.address);
}
