import type { Ipv4 } from '../net/ipv4.ts';
import { contains } from '../net/prefix.ts';
import { poolOf } from './pool.ts';
import type { Subnet } from './subnet.ts';

/**
 * What a guest may have of an address, as the settings are now.
 * - lease: it is in a pool.
 * - rest: it is in no pool; who has a lease of it may keep it to its end.
 * - nothing: it is the router's, a gateway's, the network's own, or off the prefix; also a lease that runs is not confirmed.
 */
export type Entitlement = 'lease' | 'rest' | 'nothing';

/** The only gate to an address: whatever offers or confirms one asks here. */
export function mayHave(subnet: Subnet, address: Ipv4): Entitlement {
  if (subnet.excluded.has(address) || !contains(subnet.prefix, address)) return 'nothing';
  return poolOf(subnet, address) === undefined ? 'rest' : 'lease';
}
