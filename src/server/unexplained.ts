import type { Clock } from '../lease/clock.ts';
import type { Lease } from '../lease/lease.ts';
import type { LeaseStore } from '../store/lease-store.ts';

/** Leases that one step looks at, and the pause between two, so that no packet waits: milliseconds. */
const LEASES_PER_STEP = 4096;
const PAUSE = 1;

/** The leases that run and that no reservation explains: neither by their address nor by their client. Read in steps. */
export async function unexplainedLeases(
  store: () => LeaseStore | undefined,
  clock: Clock,
): Promise<readonly Lease[]> {
  const found: Lease[] = [];
  for (let from = 0; ; from += LEASES_PER_STEP) {
    const { leases, reservations } = store() ?? {};
    if (leases === undefined || reservations === undefined) return found;
    const records = Object.values(leases.countByState()).reduce((sum, count) => sum + count, 0);
    if (from >= records) return found;
    const isUnreserved = (address: Lease['address']) => reservations.at(address) === undefined;
    for (const lease of leases.running(clock.now(), isUnreserved, from, from + LEASES_PER_STEP))
      if (lease.state === 'bound' && reservations.of(lease) === undefined) found.push(lease);
    await new Promise<void>((resolve) => clock.after(PAUSE, resolve));
  }
}
