import type { Ipv4 } from '../net/ipv4.ts';
import { ipv4ToText } from '../net/ipv4.ts';
import { broadcastOf, contains, prefixToText } from '../net/prefix.ts';
import type { Plan } from './plan.ts';
import { isInOthersShare, poolOf } from './pool.ts';
import type { Subnet } from './subnet.ts';

const ROUTER = 3;

/** Why no guest may have an address, reserved or not, in a sentence about it; undefined: one may. */
export function whyNotReservable(plan: Plan, address: Ipv4): string | undefined {
  const { subnet, serverIdentifier, gateways } = plan;
  const { prefix } = subnet;
  if (!contains(prefix, address)) return `is not in ${prefixToText(prefix)}, the network of this segment`;
  if (address === prefix.network) return 'is the address of the network itself';
  if (address === broadcastOf(prefix)) return 'is the broadcast address of the network';
  if (address === serverIdentifier) return 'is the address of this gateway';
  if (isRouter(plan, address)) return 'is the address of the router';
  if (gateways.has(address)) return 'is the address of a gateway';
  if (isOutsideShares(subnet, address)) return "is in no gateway's share, so that none may lease it";
  if (subnet.excluded.has(address))
    return 'is kept from guests by the settings: it is excluded, or for a gateway';
  return undefined;
}

/** The words of `whyNotReservable` with the address before them. */
export function refusedAddress(plan: Plan, address: Ipv4): string | undefined {
  const why = whyNotReservable(plan, address);
  return why === undefined ? undefined : `${ipv4ToText(address)} ${why}`;
}

/**
 * Where each gateway has a share of the pool and nothing is shared, an address beside the pool would have to be leased by all of
 * them: none could know who has it from another.
 */
function isOutsideShares(subnet: Subnet, address: Ipv4): boolean {
  if (subnet.othersShares.length === 0) return false;
  return poolOf(subnet, address) === undefined && !isInOthersShare(subnet, address);
}

function isRouter({ subnet }: Plan, address: Ipv4): boolean {
  const value = subnet.parameters.get(ROUTER)?.value;
  if (typeof value === 'number' || value === undefined) return value === address;
  for (let at = 0; at + 4 <= value.length; at += 4) {
    const [a = 0, b = 0, c = 0, d = 0] = value.subarray(at, at + 4);
    if (((a << 24) | (b << 16) | (c << 8) | d) >>> 0 === address) return true;
  }
  return false;
}
