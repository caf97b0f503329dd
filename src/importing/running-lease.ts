import type { LeaseToImport } from './found.ts';
import { leaseName } from './host-name.ts';
import { identifierOf } from './octets.ts';

/** A lease with its client identifier and its name. Either is left out if it cannot be used. */
export function runningLease(
  lease: Pick<LeaseToImport, 'address' | 'hardware' | 'expiresAt'>,
  octets: Uint8Array | undefined,
  name: string | undefined,
): LeaseToImport {
  const identifier = octets === undefined ? undefined : identifierOf(octets);
  const hostname = leaseName(name);
  return {
    ...lease,
    ...(identifier !== undefined && { identifier }),
    ...(hostname !== undefined && { hostname }),
  };
}
