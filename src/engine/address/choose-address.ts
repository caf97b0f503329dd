import { isBoundTo, isLive } from '../../allocation/availability.ts';
import { findAddress, findUnanswered, findUnheld } from '../../allocation/candidates.ts';
import { isUntaken, type Search } from '../../allocation/search.ts';
import type { Lease } from '../../lease/lease.ts';
import type { Ipv4 } from '../../net/ipv4.ts';
import { type DecisionInput, entitlementTo } from '../decision/decision-input.ts';
import { silence } from '../decision/outcome.ts';
import { checkUnused, isQuietFor } from './check-unused.ts';
import type { Choice } from './choice.ts';
import { moveLeaseOfCard } from './leases-of-card.ts';
import { leaveToClaims } from './leave-to-gateway.ts';
import { quarantineFor } from './quarantine.ts';
import { searchOf } from './search.ts';

type Kept = 'binding' | 'offer' | 'none';

/** So many addresses with one answer each are enough: the client is to ask again. */
const REFUSED_PROBES = 3;
/** One in so many of the free addresses may stand offered to clients that nobody knows. */
const HELD_SHARE = 4;

/**
 * RFC 2131 §4.3.1: the address for a client, by the first of these that it may have:
 *
 * 1. what is reserved for it, which its lease and its offer give way to while it is free;
 * 2. its current binding;
 * 3. the address on offer to it;
 * 4. its last address, or the one that it asks for (option 50), if that is in a quarantine that the client's own use ends;
 * 5. the lease of its network card under another client identifier, unless its own last address is free and the card has
 *    fewer leases than it may;
 * 6. `PROPOSALS` in allocation/candidates.ts.
 */
export function chooseAddress(input: DecisionInput, use: 'offer' | 'bind'): Choice {
  const { leases, client, reservation, now, message } = input;
  const checked = (address: Ipv4, held: Kept) => checkedChoice(input, use, address, held);

  const binding = leases.bindingOf(client);
  const offer = leases.offerTo(client);
  const isFree = reservation !== undefined && isUntaken(reservation.address, searchOf(input));
  const reserved = isFree ? reservation.address : undefined;
  if (reserved === undefined) {
    const unquarantined = addressBack(input, reservation?.address, checked);
    if (unquarantined !== undefined) return unquarantined;
  }
  const isWanted = (lease: Lease) => reserved === undefined || reserved === lease.address;
  if (isBoundTo(binding, client, now) && isWanted(binding) && canBeOffered(binding, input))
    return checked(binding.address, 'binding');
  if (offer !== undefined && isLive(offer, now) && isWanted(offer) && canBeOffered(offer, input)) {
    return checked(offer.address, 'offer');
  }
  if (reserved !== undefined) return checked(reserved, 'none');

  for (const address of [binding?.address, message.requestedAddress]) {
    const unquarantined = addressBack(input, address, checked);
    if (unquarantined !== undefined) return unquarantined;
  }

  const search = searchOf(input);
  const moved = moveLeaseOfCard(input, search);
  if (moved !== undefined) return moved;
  const { free, held } = roomIn(input);
  const isPressed = free > 0 && (held + 1) * HELD_SHARE > free;
  if (use === 'offer' && binding === undefined && isPressed) return choiceUnderPressure(input, search, held);
  const refused = refusedProbes(input);
  const address = refused < REFUSED_PROBES ? findAddress(search) : undefined;
  if (address === undefined) {
    const left = refused > 0 ? silence('heard-once') : leaveToClaims(input, search);
    return { decision: left ?? silence('pool-full') };
  }
  return checked(address, 'none');
}

/**
 * A flood of DHCPDISCOVERs in forged names could take every free address: what is held for clients that nobody knows is a
 * quarter of what is free at the most, with the addresses that the segment is being asked for.
 */
function roomIn({ leases, subnet }: DecisionInput): { readonly free: number; readonly held: number } {
  let free = 0;
  let held = leases.inFlightCount;
  for (const pool of subnet.pools) {
    const room = leases.room(pool);
    free += room.free;
    held += room.offered;
  }
  return { free, held };
}

/**
 * RFC 2131 §3.1 (2): servers "need not reserve the offered network address"; who asks for it first gets it, and another is
 * refused. Deviates from RFC 2131 §3.1: that the address is not in use is checked before the DHCPACK, not before the
 * DHCPOFFER; a flood of questions would keep every address busy. Where nothing is left to be offered so, an offer that
 * nobody has answered gives way, and the new one is held in its place.
 */
function choiceUnderPressure(input: DecisionInput, search: Search, held: number): Choice {
  const unheld = findUnheld(search);
  if (unheld !== undefined) return { address: unheld, held: 'unheld' };
  const unanswered = findUnanswered(search);
  if (unanswered !== undefined) return checkedChoice(input, 'offer', unanswered, 'none');
  return { decision: silence(held > 0 ? 'crowded' : 'pool-full') };
}

function checkedChoice(input: DecisionInput, use: 'offer' | 'bind', address: Ipv4, held: Kept): Choice {
  const first = checkUnused(input, address);
  if (first === undefined) return { address, held };
  if (use === 'bind' || first.kind !== 'wait') return { decision: first };
  if (!first.probe) return { address, held }; // It is on offer, and the answers are waited for when the client asks for it.
  return isQuietFor(input, address) ? { address, held, isQuiet: true } : { decision: first };
}

/** An address of the client that a quarantine keeps, if the client's own use ends that. */
function addressBack(
  input: DecisionInput,
  address: Ipv4 | undefined,
  checked: (address: Ipv4, held: Kept) => Choice,
): Choice | undefined {
  const quarantine = address === undefined ? 'stands' : quarantineFor(input, address);
  if (quarantine === 'over' && address !== undefined) return checked(address, 'none');
  return typeof quarantine === 'string' ? undefined : { decision: quarantine };
}

/** How many addresses were probed for this message with one answer for each. */
function refusedProbes({ context }: DecisionInput): number {
  let refused = 0;
  for (const { weak } of context.probes.values()) if (weak === 'once') refused += 1;
  return refused;
}

/** A lease outside the pools of today's plan is kept until it ends, but not offered again. */
function canBeOffered(lease: Lease, input: DecisionInput): boolean {
  return entitlementTo(lease.address, input) === 'lease' && !input.leases.isInFlight(lease.address);
}
