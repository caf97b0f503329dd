import { isTaken } from '../../allocation/availability.ts';
import { type ClientKey, isOfHardware, keyOfClone } from '../../lease/client-key.ts';
import type { Instant, Lease } from '../../lease/lease.ts';
import { type HardwareAddress, NO_HARDWARE } from '../../net/hardware-address.ts';
import type { Ipv4 } from '../../net/ipv4.ts';
import { type DecisionInput, reusableBefore } from '../decision/decision-input.ts';
import { clientOfReserved } from './identify-reserved.ts';

/** A machine that got its address less than this ago may still boot, and not answer ARP: milliseconds. */
const BOOT_TIME = 60_000;

/** Who a message is from; or the address whose user has to be asked for first. */
export type Identified =
  | { readonly client: ClientKey; readonly cloneOf: HardwareAddress | undefined }
  | { readonly probe: Ipv4 };

/** What a client is identified by. */
type IdentityInput = Pick<DecisionInput, 'message' | 'context' | 'now' | 'leases' | 'plan' | 'subnet'>;

/**
 * RFC 2131 §4.2 makes the client identifier the key, and RFC 4361 §6.1 makes it outlive the network card. Machines
 * cloned from one template share it all the same. So a second hardware address that presents the identifier of a live
 * binding is a client of its own, known by identifier and hardware address. That the first one does not answer ARP
 * proves nothing: it may be paused. A change of card is proved by the newcomer alone, when it answers ARP at the leased
 * address and the first one does not: it keeps the lease.
 */
export function identify(input: IdentityInput): Identified {
  const { message, context, leases, plan, subnet } = input;
  const shared = context.client;
  const { hardware } = message;
  const whole: Identified = { client: shared, cloneOf: undefined };
  // RFC 2131 §4.3.5: answered without looking at a binding, whoever it is from.
  if (message.type === 'DHCPINFORM') return whole;
  const reservation = subnet.reservations.ofHardware(hardware);
  if (reservation !== undefined) return { client: clientOfReserved(input, reservation), cloneOf: undefined };
  if (plan.identity !== 'auto') return whole;
  const binding = leases.bindingOf(shared);
  const isOwnCards = isOfHardware(shared, message) && !isOfReservedCard(input, binding);
  if (binding?.hardware === hardware || isOwnCards) return whole;

  const own = keyOfClone(shared, hardware);
  if (hasOwnKey(input, own, binding)) return { client: own, cloneOf: undefined };
  if (binding !== undefined && isHeldByAnother(input, binding, own)) return distinguish(input, binding, own);
  // Two machines that boot together: the first has no address yet that it could answer for.
  const offer = leases.offerTo(shared);
  const isOffered = offer !== undefined && isHeldByAnother(input, offer, own);
  return isOffered && offer.hardware !== hardware ? { client: own, cloneOf: offer.hardware } : whole;
}

/** Two cards had one reservation, and the lease under this one's key went to the other card, which alone has a reservation now. */
function isOfReservedCard({ subnet }: IdentityInput, binding: Lease | undefined): boolean {
  return binding !== undefined && subnet.reservations.ofHardware(binding.hardware) !== undefined;
}

/**
 * True for a machine that is known under a key of its own, and stays so. Only what has run out on both sides is told
 * anew: a machine with a new card has its old address again when nobody has used that for a whole lease.
 */
function hasOwnKey({ leases, now }: IdentityInput, own: ClientKey, binding: Lease | undefined): boolean {
  const offer = leases.offerTo(own);
  if (offer !== undefined && offer.expiresAt > now) return true;
  const last = leases.bindingOf(own);
  if (last === undefined) return false;
  const isOver = last.state === 'free' || last.expiresAt <= now;
  return !isOver || binding === undefined || !hasRunOut(binding, now);
}

/** Over by its time, and not because its client has released it. */
function hasRunOut({ state, expiresAt, updatedAt }: Lease, now: Instant): boolean {
  return state === 'free' ? expiresAt < updatedAt : state === 'bound' && expiresAt <= now;
}

/** Also what has run out by this clock alone is another machine's still. */
function isHeldByAnother({ context, now }: IdentityInput, held: Lease, own: ClientKey): boolean {
  if (held.state === 'declined') return false;
  return isTaken(held, own, now, reusableBefore({ context, now }, held));
}

/** A second card at a live binding: its machine's own, if it is seen there, else another machine's. */
function distinguish(input: IdentityInput, binding: Lease, own: ClientKey): Identified {
  const { message, context, plan } = input;
  const clone: Identified = { client: own, cloneOf: binding.hardware };
  // Where nobody can be asked, two machines with an address each are the lesser evil; nor can ARP show a machine that has
  // no Ethernet address: any guest may say that of itself, and present another one's identifier.
  if (plan.probeMilliseconds === 0 || message.hardware === NO_HARDWARE) return clone;
  if (!claimsAddress(input, binding)) return clone;
  if (!context.answers.has(binding.address)) return { probe: binding.address };
  const isProved = context.answers.get(binding.address) === message.hardware;
  return isProved ? { client: context.client, cloneOf: undefined } : clone;
}

/** False for a message about another address, or from a machine that has none. */
function claimsAddress({ message, now }: IdentityInput, binding: Lease): boolean {
  switch (message.type) {
    case 'DHCPDISCOVER':
      // It may have lost its lease and not its address; but not while the first machine has only just got it.
      return now - binding.updatedAt >= BOOT_TIME;
    case 'DHCPREQUEST':
    case 'DHCPRELEASE':
      return message.ciaddr === binding.address || message.requestedAddress === binding.address;
    default:
      return false; // RFC 2131 §4.3.3: who declines an address does not use it.
  }
}
