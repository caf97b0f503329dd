import type { Lease } from '../../lease/lease.ts';
import type { LeaseChange } from '../../lease/lease-view.ts';
import type { Ipv4 } from '../../net/ipv4.ts';
import { ipv4ToText } from '../../net/ipv4.ts';
import type { Decision, RefusalReason } from '../decision/decision.ts';
import type { DecisionInput } from '../decision/decision-input.ts';
import { changeOf, replyWith } from '../decision/outcome.ts';
import { destinationOfNak } from './destination.ts';
import { nakReply } from './reply.ts';

/** A DHCPNAK for what the plan alone shows to be wrong. */
export function refuse(input: DecisionInput, address: Ipv4, reason: RefusalReason): Decision {
  return nak(input, address, reason, undefined);
}

/**
 * A DHCPNAK for what a lease shows to be wrong. It is a check: the store confirms that the lease still stands as
 * it was seen, for a mirror may lag.
 */
export function refuseBecauseOf(
  input: DecisionInput,
  address: Ipv4,
  lease: Lease,
  reason: RefusalReason,
): Decision {
  // It may be on offer besides, to its own card under another identifier.
  const expectedVersion = input.leases.at(lease.address)?.version ?? lease.version;
  const writes = [{ address: lease.address, expectedVersion, next: 'precondition-only' as const }];
  return nak(input, address, reason, changeOf(input, 'check', reason, writes));
}

/**
 * A DHCPNAK because of a reservation. It is a check of the record at the reserved address: a shared store knows by it whether the
 * address is reserved as it was seen.
 */
export function refuseReserved(
  input: DecisionInput,
  address: Ipv4,
  reserved: Ipv4,
  reason: RefusalReason,
): Decision {
  const expectedVersion = input.leases.at(reserved)?.version ?? 0;
  const writes = [{ address: reserved, expectedVersion, next: 'precondition-only' as const }];
  return nak(input, address, reason, changeOf(input, 'check', reason, writes));
}

function nak(
  input: DecisionInput,
  address: Ipv4,
  reason: RefusalReason,
  change: LeaseChange | undefined,
): Decision {
  // RFC 2132 §9.9: option 56 tells the client's operator why.
  const reply = nakReply(input, `${ipv4ToText(address)}: ${TEXTS[reason]}`);
  return replyWith(reply, destinationOfNak(input), reason, change);
}

const TEXTS: Readonly<Record<RefusalReason, string>> = {
  'wrong-network': 'not an address of this network',
  excluded: "not a guest's address: the router's, a gateway's, or the network's own",
  'reserved-for-another': 'reserved for another client',
  'reserved-elsewhere': 'another address is reserved for this client',
  'not-in-pool': 'not an address that this server gives',
  'bound-to-another': 'leased to another client',
  'offer-lost': 'leased to another client meanwhile',
  'offered-to-another': 'on offer to another client',
  'bound-elsewhere': 'this client has another lease',
  'rival-won': 'another gateway has just given it away',
  'heard-once': 'another host has answered for it',
  quarantined: 'in quarantine, another host uses it',
};
