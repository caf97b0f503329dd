import { isBoundTo, isLive } from '../allocation/availability.ts';
import { findAddress, reservedFor, type Search } from '../allocation/candidates.ts';
import type { Lease } from '../lease/lease.ts';
import type { Ipv4 } from '../net/ipv4.ts';
import { moveAlong } from './cards.ts';
import type { Choice } from './choice.ts';
import { silence } from './outcome.ts';
import { quarantineFor } from './quarantine.ts';
import { entitlementTo, overBefore, type Question } from './question.ts';
import { seeThatUnused } from './vouching.ts';

/** Where leases are shared, an offer gives way to a stranger when it has not been answered for so long: milliseconds. */
const OFFER_PATIENCE = 5000;

/**
 * RFC 2131 §4.3.1: what is reserved for the client, if it is free, else its current binding, else its standing offer, else
 * the first proposal that is free.
 */
export function chooseAddress(question: Question): Choice {
  const { leases, client, who, now, subnet, message, context } = question;

  const binding = leases.bindingOf(client);
  const offer = leases.offerTo(client);
  const reserved = subnet.reservations.of(who) && reservedFor(searchOf(question));
  const isWanted = (lease: Lease) => reserved === undefined || reserved === lease.address;
  if (isBoundTo(binding, client, now) && isWanted(binding) && fits(binding, question))
    return checked(question, binding.address, 'binding');
  if (offer !== undefined && isLive(offer, now) && isWanted(offer) && fits(offer, question)) {
    return checked(question, offer.address, 'offer');
  }
  if (reserved !== undefined) return checked(question, reserved, 'none');

  for (const address of [binding?.address, message.requestedAddress]) {
    const quarantine = address === undefined ? 'stands' : quarantineFor(question, address);
    if (quarantine === 'over' && address !== undefined) return checked(question, address, 'none');
    if (typeof quarantine !== 'string') return { decision: quarantine };
  }

  const search = searchOf(question);
  const moved = moveAlong(question, search);
  if (moved !== undefined) return moved;
  const isPressed = binding === undefined && context.clusterPeers !== undefined && isPressedBy(question);
  const address = findAddress(search, isPressed);
  if (address === undefined) return { decision: silence(isPressed ? 'crowded' : 'pool-full') };
  return checked(question, address, 'none');
}

function searchOf(question: Question): Search {
  const { leases, client, now, subnet, message, context, plan } = question;
  return {
    client,
    hardware: message.hardware,
    requested: message.requestedAddress,
    subnet,
    leases,
    now,
    overBefore: (lease) => overBefore(question, lease),
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
function isPressedBy({ leases, subnet }: Question): boolean {
  let free = 0;
  let offered = 0;
  for (const pool of subnet.pools) {
    const room = leases.room(pool);
    free += room.free;
    offered += room.offered;
  }
  return free > 0 && offered * 4 >= free;
}

function checked(question: Question, address: Ipv4, standing: 'binding' | 'offer' | 'none'): Choice {
  const first = seeThatUnused(question, address);
  return first === undefined ? { address, standing } : { decision: first };
}

/** A lease outside the pools of today's plan is kept until it ends, but not offered again. */
function fits(lease: Lease, question: Question): boolean {
  return entitlementTo(lease.address, question) === 'lease' && !question.leases.isInFlight(lease.address);
}
