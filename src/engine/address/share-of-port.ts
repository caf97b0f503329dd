import type { DecisionInput } from '../decision/decision-input.ts';

/** Leases that the guest at one port of the bridge may always have: its own, and those of a few containers in it. */
const ALWAYS = 4;

/**
 * True if a new lease would be more than the share of the guest at the client's port, whatever MACs it sends from: a port
 * may have a few leases in any case, and more while as many addresses are free as it has. So one guest takes half of what is
 * free at most, two take a third each, and there is always something left. Only a guest's own port counts, and a client
 * with a reservation is not limited.
 */
export function exceedsShareOfPort({ context, plan, subnet, leases, who }: DecisionInput): boolean {
  const { port, leasesAtPort = 0 } = context;
  if (!plan.limitsPorts || port?.kind !== 'guest' || leasesAtPort < ALWAYS) return false;
  if (subnet.reservations.of(who) !== undefined) return false;
  // Other gateways have a port of that name too, where no guest's number is in it.
  if (port.guest === undefined && context.clusterPeers !== undefined) return false;
  // What others are being given at this moment is as good as taken.
  const free = subnet.pools.reduce((sum, pool) => sum + leases.room(pool).free, -leases.inFlightCount);
  return free <= leasesAtPort;
}
