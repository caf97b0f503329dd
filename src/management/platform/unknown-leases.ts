import { hardwareToText, NO_HARDWARE } from '../../net/hardware-address.ts';
import { leaseAt } from '../routes/reservation-answer.ts';
import type { PlatformParts } from './platform-parts.ts';

/** A lease that runs, and that no reservation explains. */
export interface UnknownLease {
  readonly address: string;
  /** As colon pairs. */
  readonly mac: string;
}

/** Those that this node has granted: where leases are shared, another node's are asked for by that node. */
export async function unknownLeases(
  { gateway, leases, options }: Pick<PlatformParts, 'gateway' | 'leases' | 'options'>,
  signal: AbortSignal,
): Promise<readonly UnknownLease[]> {
  const unexplained = await gateway.unexplained();
  const withCard = unexplained.leases.filter(({ hardware }) => hardware !== NO_HARDWARE);
  return await leases.read(async ({ database }) => {
    const found: UnknownLease[] = [];
    for (const { address, hardware } of withCard) {
      const lease = await leaseAt(database, { address }, signal);
      const isOwn = lease?.node === null || lease?.node === options.node;
      if (lease !== null && isOwn) found.push({ address: lease.address, mac: hardwareToText(hardware) });
    }
    return found;
  });
}
