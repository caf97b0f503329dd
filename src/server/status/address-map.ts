import { OPERATOR } from '../../lease/client-key.ts';
import type { Instant, Lease } from '../../lease/lease.ts';
import { isOver } from '../../lease/lease-end.ts';
import { NO_HARDWARE } from '../../net/hardware-address.ts';
import { type Ipv4, ipv4 } from '../../net/ipv4.ts';
import { contains } from '../../net/prefix.ts';
import type { Plan } from '../../subnet/plan.ts';
import { isInRange } from '../../subnet/pool.ts';
import type { Memory } from '../parts/memory.ts';
import type { Service } from '../service/service.ts';

/** The most addresses of one look: about a millisecond of the packets' thread. */
export const MOST_MAPPED = 1024;

/**
 * What an address is used for now. conflict: a machine without a lease answers there. kept: no guest gets it.
 * free: whether anybody uses it was not asked lately; free-quiet: it was, and nobody answered.
 */
export type AddressState =
  | 'leased'
  | 'reserved-in-use'
  | 'reserved-idle'
  | 'offered'
  | 'peer'
  | 'quarantined'
  | 'conflict'
  | 'free'
  | 'free-quiet'
  | 'gateway'
  | 'gateway-unused'
  | 'outside-pool'
  | 'kept';

export interface MappedAddress {
  readonly address: Ipv4;
  readonly state: AddressState;
  /** Of its reservation, in force or retired. */
  readonly reservation: string | undefined;
  /** The reservation was removed, and the address is kept for its id until then. */
  readonly retiredUntil: Instant | undefined;
}

/** The addresses of a range that are of the subnet; none while nothing is served. */
export function mapAddresses(
  memory: Memory | undefined,
  service: Service | undefined,
  now: Instant,
  first: Ipv4,
  last: Ipv4,
): readonly MappedAddress[] {
  if (memory === undefined || service === undefined) return [];
  const { plan } = service;
  const mapped: MappedAddress[] = [];
  for (let number: number = first; number <= last && mapped.length < MOST_MAPPED; number += 1) {
    const address = ipv4(number);
    if (!contains(plan.subnet.prefix, address)) continue;
    const reservation = memory.store.reservations.at(address);
    const state = stateOf(memory, service, now, address);
    mapped.push({ address, state, reservation: reservation?.id, retiredUntil: reservation?.retiredUntil });
  }
  return mapped;
}

function stateOf(memory: Memory, service: Service, now: Instant, address: Ipv4): AddressState {
  const { plan } = service;
  if (plan.subnet.excluded.has(address)) return excludedState(memory, plan, address);
  const reservation = memory.store.reservations.at(address);
  const isReserved = reservation !== undefined && reservation.retiredUntil === undefined;
  const used = usedState(memory, now, memory.store.leases.at(address));
  if (used === 'leased') return isReserved ? 'reserved-in-use' : 'leased';
  if (used !== undefined) return used;
  if (isReserved) return 'reserved-idle';
  if (!plan.subnet.pools.some((pool) => isInRange(pool, address))) return 'outside-pool';
  return service.isQuiet(address) ? 'free-quiet' : 'free';
}

function excludedState({ clusterPeers, otherGateways }: Memory, plan: Plan, address: Ipv4): AddressState {
  const isSharing = clusterPeers?.live.has(address) === true || clusterPeers?.gone?.has(address) === true;
  if (address === plan.serverIdentifier || isSharing || otherGateways.isKnown(address)) return 'gateway';
  return plan.gateways.has(address) ? 'gateway-unused' : 'kept';
}

/** Undefined: nobody has it. */
function usedState({ timeGuard }: Memory, now: Instant, lease: Lease | undefined): AddressState | undefined {
  if (lease === undefined || lease.state === 'free') return undefined;
  if (lease.state === 'peer') return 'peer';
  if (lease.state === 'offered') return lease.expiresAt > now ? 'offered' : undefined;
  if (isOver(lease, now, timeGuard.clockTrust)) return undefined;
  if (lease.state === 'bound') return 'leased';
  return lease.hardware === NO_HARDWARE || lease.client === OPERATOR ? 'quarantined' : 'conflict';
}
