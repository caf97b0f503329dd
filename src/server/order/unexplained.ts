import type { Clock } from '../../lease/clock.ts';
import type { Lease } from '../../lease/lease.ts';
import type { LeaseStore } from '../../store/lease-store.ts';

/** Leases that one step looks at, and the pause between two, so that no packet waits: milliseconds. */
const LEASES_PER_STEP = 4096;
const PAUSE = 1;

/** Leases that are named: more would hold the packets while they are passed on to the management thread. */
const MOST_NAMED = 1000;

/** Leases that no reservation explains: the first ones, and how many they are. */
export interface Unexplained {
  readonly leases: readonly Pick<Lease, 'address' | 'hardware'>[];
  readonly total: number;
}

/** The leases that run and that no reservation explains: neither by their address nor by their client. Read in steps. */
export async function unexplainedLeases(
  store: () => LeaseStore | undefined,
  clock: Clock,
): Promise<Unexplained> {
  const named: Pick<Lease, 'address' | 'hardware'>[] = [];
  let total = 0;
  for (let from = 0; ; from += LEASES_PER_STEP) {
    const { leases, reservations } = store() ?? {};
    if (leases === undefined || reservations === undefined) return { leases: named, total };
    const records = Object.values(leases.countByState()).reduce((sum, count) => sum + count, 0);
    if (from >= records) return { leases: named, total };
    const isUnreserved = (address: Lease['address']) => reservations.at(address) === undefined;
    for (const lease of leases.running(clock.now(), isUnreserved, from, from + LEASES_PER_STEP))
      if (lease.state === 'bound' && reservations.of(lease) === undefined) {
        const { address, hardware } = lease;
        if (named.length < MOST_NAMED) named.push({ address, hardware });
        total += 1;
      }
    await new Promise<void>((resolve) => clock.after(PAUSE, resolve));
  }
}
