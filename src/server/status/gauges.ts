import type { SharingFigures } from '../../detection/cluster-peers.ts';
import type { OrganizationCounts } from '../../reporting/organization-counts.ts';
import type { Memory } from '../parts/memory.ts';
import type { Service } from '../service/service.ts';

/** What metrics alone show of a running server: some of it takes a look at thousands of numbers. */
export interface Gauges {
  /** Questions by ARP for addresses, since the sockets were opened; undefined: nobody is asked. */
  readonly arpQuestions: number | undefined;
  /** Addresses that are free and of which ARP showed lately that nobody uses them; undefined: nobody is asked. */
  readonly quietAddresses: number | undefined;
  /** The part of the journal that is not in the lease file yet: 0 to 1. Undefined: there is no journal. */
  readonly journalFill: number | undefined;
  readonly organizations: OrganizationCounts;
  /** Undefined: the leases are not shared. */
  readonly sharing: SharingFigures | undefined;
}

export function gaugesOf(
  memory: Memory | undefined,
  service: Service | undefined,
  organizations: OrganizationCounts,
): Gauges {
  return {
    arpQuestions: service?.medium.arp.questions,
    quietAddresses: service?.quietAddresses,
    journalFill: memory?.store.journalFill,
    organizations,
    sharing: memory?.clusterPeers?.figures,
  };
}
