import { isOutsideId, type OutsideId } from '../../lease/outside-id.ts';
import { CallError } from '../../platform/call-error.ts';
import type { MessageOf } from '../../platform/message-type.ts';
import type { DESIRED } from '../../platform/messages.ts';
import type { SubnetTexts } from '../gateway/options.ts';
import type { Said } from './pins.ts';
import { idBeside, idIn, isInSubnet, optionalAddress, optionalCard, optionalId } from './read-fields.ts';

/** A list of the platform, as far as it can be read. */
export interface DesiredSet {
  /** By the ids of their reservations. */
  readonly entries: ReadonlyMap<OutsideId, Said>;
  /** Of entries with faults: a reservation that is there stays as it is. */
  readonly faulty: ReadonlySet<OutsideId>;
  /** Every VPS that the list has, with faults or not. */
  readonly vps: ReadonlySet<string>;
  /** What is wrong with entries, each as a sentence. */
  readonly refused: readonly string[];
  /** Entries with a public address outside the segment: no guest gets it by DHCP. */
  readonly notServed: number;
}

/** Reads a list. An entry with faults does not lose what its VPS has. */
export function readDesired(
  allocations: readonly MessageOf<typeof DESIRED>[],
  subnet: SubnetTexts,
): DesiredSet {
  const entries = new Map<OutsideId, Said>();
  const faulty = new Set<OutsideId>();
  const vps = new Set<string>();
  const refused: string[] = [];
  let notServed = 0;
  for (const [index, allocation] of allocations.entries()) {
    const name = allocation.vpsId === '' ? `allocations[${index}]` : allocation.vpsId;
    vps.add(allocation.vpsId);
    try {
      const said = saidBy(allocation, subnet);
      if (said === 'not-served') notServed += 1;
      else if (entries.has(said.id)) refused.push(`${name}: the list has it twice`);
      else entries.set(said.id, said);
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      refused.push(`${name}: ${error.message}`);
      if (isOutsideId(allocation.vpsId)) faulty.add(allocation.vpsId);
    }
  }
  return { entries, faulty, vps, refused, notServed };
}

/** @throws CallError */
function saidBy(
  { vpsId, organizationId, ipAddress, macAddress, isPublic }: MessageOf<typeof DESIRED>,
  subnet: SubnetTexts,
): Said | 'not-served' {
  const vps = idIn('vps_id', vpsId);
  const address = optionalAddress('ip_address', ipAddress);
  if (isPublic && (address === undefined || !isInSubnet(subnet, address))) return 'not-served';
  return {
    id: isPublic && address !== undefined ? idBeside(vps, address) : vps,
    vpsId: vps,
    organizationId: optionalId('organization_id', organizationId),
    card: optionalCard('mac_address', macAddress),
    address,
    isPublic,
  };
}
