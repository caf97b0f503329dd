import { isLive } from '../../allocation/availability.ts';
import type { ClientKey } from '../../lease/client-key.ts';
import type { Instant, Lease } from '../../lease/lease.ts';
import type { LeaseView } from '../../lease/lease-view.ts';
import type { Reservation } from '../../lease/reservation/reservation.ts';
import type { Claimant } from '../../lease/reservation/reservation-view.ts';
import type { Arrival } from '../../net/datagram.ts';
import type { HardwareAddress } from '../../net/hardware-address.ts';
import type { Ipv4 } from '../../net/ipv4.ts';
import { type Entitlement, mayHave } from '../../subnet/may-have.ts';
import type { Plan } from '../../subnet/plan.ts';
import type { Subnet } from '../../subnet/subnet.ts';
import type { Message } from '../../wire/message.ts';
import type { DecisionContext } from './decision.ts';

/** A message, and everything that the decision about it is made from. */
export interface DecisionInput {
  readonly message: Message;
  readonly arrival: Arrival;
  readonly context: DecisionContext;
  readonly now: Instant;
  readonly leases: LeaseView;
  readonly plan: Plan;
  readonly subnet: Subnet;
  /** The sender's key; each clone has its own. */
  readonly client: ClientKey;
  /** The sender, as a reservation may name it. */
  readonly who: Claimant;
  /** What is reserved for the sender; undefined: nothing is. */
  readonly reservation: Reservation | undefined;
  /** The running machine that shares the client's identifier, if the sender is a clone of it. */
  readonly cloneOf: HardwareAddress | undefined;
}

/** A lease that ended after this time is still kept from others. 0: the lease here is kept in any case. */
export function reusableBefore(
  { context, now }: Pick<DecisionInput, 'context' | 'now'>,
  lease?: Lease,
): Instant {
  const isBelieved = lease === undefined || lease.expiresAt > now || context.mayBeOver(lease);
  return (isBelieved ? now - (context.clusterPeers?.graceMilliseconds ?? 0) : 0) as Instant;
}

/** True while a lease, offer or quarantine holds its address, or may hold it still. */
export function mayBeLive(
  { context, now }: { readonly context: Pick<DecisionContext, 'mayBeOver'>; readonly now: Instant },
  lease: Lease,
): boolean {
  return (
    isLive(lease, now) || (lease.state !== 'free' && lease.state !== 'offered' && !context.mayBeOver(lease))
  );
}

/** True for a lease that the asking client holds, or may hold still. */
export function isHolder(input: DecisionInput, lease: Lease | undefined): lease is Lease {
  return lease?.state === 'bound' && lease.client === input.client && mayBeLive(input, lease);
}

/**
 * What the client may have of an address, by settings and reservations. Nothing, if a gateway that shares the leases listens on
 * the address.
 */
export function entitlementTo(
  address: Ipv4,
  { subnet, who, context }: Pick<DecisionInput, 'subnet' | 'who' | 'context'>,
): Entitlement {
  return context.clusterPeers?.live.has(address) === true ? 'nothing' : mayHave(subnet, who, address);
}
