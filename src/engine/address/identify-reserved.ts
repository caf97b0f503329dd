import { type ClientKey, keyOfClone } from '../../lease/client-key.ts';
import type { Lease } from '../../lease/lease.ts';
import type { Reservation } from '../../lease/reservation/reservation.ts';
import { type DecisionInput, mayBeLive } from '../decision/decision-input.ts';

type ReservedInput = Pick<DecisionInput, 'message' | 'context' | 'now' | 'leases'>;

/**
 * The client of a card that a reservation names. All identifiers of its cards are one client: the one that has a lease
 * already, at the reserved address or elsewhere.
 *
 * Deviates from RFC 2131 §4.2: a client identifier that another machine has a lease under, as clones of one template do, is
 * not this client's key; the card tells them apart.
 */
export function clientOfReserved(input: ReservedInput, reservation: Reservation): ClientKey {
  const { message, context, leases } = input;
  const { hardware } = message;
  const reserved = leases.recordAt(reservation.address);
  if (reserved?.state === 'bound' && reserved.hardware === hardware) return reserved.client;

  const own = leases.bindingOf(context.client);
  if (isHeldBy(own, input)) return context.client;
  const newest = newestLeaseOfCard(input);
  if (newest !== undefined) return newest.client;
  // Another card of the same guest has the address: whether that one is still there is asked by ARP.
  if (
    reserved?.state === 'bound' &&
    reservation.macs.includes(reserved.hardware) &&
    mayBeLive(input, reserved)
  )
    return reserved.client;
  return keyOfCard(input, own);
}

function newestLeaseOfCard(input: ReservedInput): Lease | undefined {
  const leases = input.leases.leasesOf(input.message.hardware).filter((lease) => mayBeLive(input, lease));
  return leases.reduce<Lease | undefined>(
    (newest, lease) => (newest === undefined || lease.updatedAt > newest.updatedAt ? lease : newest),
    undefined,
  );
}

/** The client's key; but not one under which another card has a lease, a peer's, or an offer. */
function keyOfCard(input: ReservedInput, own: Lease | undefined): ClientKey {
  const { message, context, leases, now } = input;
  const { client } = context;
  const clone = keyOfClone(client, message.hardware);
  const ownOffer = leases.offerTo(clone);
  if (ownOffer !== undefined && ownOffer.expiresAt > now) return clone;
  const offer = leases.offerTo(client);
  const others = [own?.state === 'declined' ? undefined : own, offer];
  const isAnothers = others.some(
    (lease) => lease !== undefined && lease.hardware !== message.hardware && mayBeLive(input, lease),
  );
  return isAnothers ? clone : client;
}

function isHeldBy(lease: Lease | undefined, input: ReservedInput): boolean {
  return lease?.state === 'bound' && lease.hardware === input.message.hardware && mayBeLive(input, lease);
}
