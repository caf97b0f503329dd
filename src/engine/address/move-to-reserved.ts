import { isAvailable } from '../../allocation/search.ts';
import type { Ipv4 } from '../../net/ipv4.ts';
import type { RuleDecision } from '../decision/decision.ts';
import { type DecisionInput, isHolder } from '../decision/decision-input.ts';
import { refuseReserved } from '../reply/refuse.ts';
import { checkUnused } from './check-unused.ts';
import { hasPeers } from './peers.ts';
import { searchOf } from './search.ts';

/**
 * RFC 2131 §4.3.2: a client whose notion of its address is not correct is told so. A client for which another address is
 * reserved than it has gets a DHCPNAK when it asks to go on, and then the reserved one; but only once that is free, and ARP
 * shows nobody there.
 */
export function moveToReserved(input: DecisionInput, address: Ipv4): RuleDecision {
  const { reservation, leases, plan } = input;
  if (reservation === undefined || reservation.address === address || !leases.canPromise) return undefined;
  const isOwn = isHolder(input, leases.recordAt(address));
  // What another gateway may have given is not refused because of what is known here.
  if (!isOwn && (hasPeers(input) || !plan.authoritative)) return undefined;
  if (!isAvailable(reservation.address, searchOf(input))) return undefined;
  const first = checkUnused(input, reservation.address);
  if (first !== undefined) return first;
  return refuseReserved(input, address, reservation.address, 'reserved-elsewhere');
}
