import { isTaken } from '../allocation/availability.ts';
import { type ClientKey, keyOfClone } from '../lease/client-key.ts';
import type { Instant } from '../lease/lease.ts';
import type { LeaseView } from '../lease/lease-view.ts';
import { type HardwareAddress, NO_HARDWARE } from '../net/hardware-address.ts';
import type { Ipv4 } from '../net/ipv4.ts';
import type { Plan } from '../subnet/plan.ts';
import type { Subnet } from '../subnet/subnet.ts';
import type { Message } from '../wire/message.ts';
import type { Known } from './decision.ts';
import { overBefore } from './question.ts';

/** A machine that got its address less than this ago may not answer ARP yet: milliseconds. */
const SETTLING = 60_000;

/** Who a message is from; or the address whose holder has to be asked first. */
export type Identified =
  | { readonly client: ClientKey; readonly cloneOf: HardwareAddress | undefined }
  | { readonly ask: Ipv4 };

/**
 * RFC 2131 §4.2 makes the client identifier the key, and RFC 4361 §6.1 makes it outlive the network card. Machines
 * cloned from one template share it all the same. So when a second hardware address presents the identifier of a live
 * binding, the leased address is asked by ARP: if another machine than the asker answers, the asker is a clone and gets
 * a key of its own; silence means the same client with a new card, which keeps its address.
 */
export function identify(
  message: Message,
  known: Known,
  now: Instant,
  leases: LeaseView,
  plan: Plan,
  subnet: Subnet,
): Identified {
  const shared = known.client;
  const hardware = message.hardware;
  const holding = leases.bindingOf(shared) ?? leases.offerTo(shared);
  if (
    holding === undefined ||
    holding.hardware === hardware ||
    plan.identity !== 'auto' ||
    message.type === 'DHCPINFORM' || // RFC 2131 §4.3.5: answered without looking at a binding, whoever it is from.
    hardware === NO_HARDWARE ||
    holding.hardware === NO_HARDWARE
  ) {
    return { client: shared, cloneOf: undefined };
  }

  const own = keyOfClone(shared, hardware);
  const isKnownClone = leases.bindingOf(own) !== undefined || leases.offerTo(own) !== undefined;
  if (isKnownClone) return { client: own, cloneOf: undefined };
  // Also what has run out by this clock alone is another machine's still.
  const isHeld = holding.state !== 'declined' && isTaken(holding, own, now, overBefore({ known, now }));
  if (!isHeld) return { client: shared, cloneOf: undefined };

  const clone: Identified = { client: own, cloneOf: holding.hardware };
  // Two machines that boot together: the first has no address yet that it could answer for.
  if (holding.state === 'offered' || now - holding.updatedAt < SETTLING) return clone;
  // Where nobody can be asked, two machines with an address each are the lesser evil.
  if (!subnet.onLink || plan.probeMilliseconds === 0) return clone;
  if (!known.answers.has(holding.address)) return { ask: holding.address };
  const holder = known.answers.get(holding.address);
  return holder === undefined || holder === hardware ? { client: shared, cloneOf: undefined } : clone;
}
