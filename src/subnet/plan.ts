import type { Ipv4 } from '../net/ipv4.ts';
import type { AddressSpan } from '../net/prefix.ts';
import type { ClientRules } from './client-rules.ts';
import type { Subnet } from './subnet.ts';

/**
 * How a client is identified. auto: by its identifier, with clones told apart. client-id: exactly as the RFC. mac: by the MAC
 * alone.
 */
export type Identity = 'auto' | 'client-id' | 'mac';

/** How much is answered in a time; each 0: any number. Unknown: without a lease before. */
export interface PlanLimits {
  /** Messages of one network card in a second. */
  readonly messagesOfMac: number;
  /** Leases of one network card under client identifiers that had none before, in a minute. */
  readonly newLeasesOfMac: number;
  /** Leases that one network card takes or releases in a minute; renewals do not count. */
  readonly changesOfMac: number;
  /** Leases of unknown clients in a minute. */
  readonly newLeases: number;
  /** Messages of unknown clients in a second. */
  readonly unknownMessages: number;
}

export const NO_LIMITS: PlanLimits = {
  messagesOfMac: 0,
  newLeasesOfMac: 0,
  changesOfMac: 0,
  newLeases: 0,
  unknownMessages: 0,
};

/** All that the engine is configured with. `Server.adopt` puts a new one in its place. */
export interface Plan {
  /** The listen IP (option 54). */
  readonly serverIdentifier: Ipv4;
  /** The subnet that is served: that of the listen IP's segment. */
  readonly subnet: Subnet;
  /** The relay agents that are answered, by giaddr. */
  readonly relays: readonly AddressSpan[];
  readonly identity: Identity;
  /** How many leases one network card may have under different client identifiers, with identity auto; 0: any number. */
  readonly leasesPerMac: number;
  /** False: a client that asks for an address of another network gets no DHCPNAK. */
  readonly authoritative: boolean;
  /** False: the network translates MACs, so a client's chaddr is not where its frames come from and go to. */
  readonly chaddrCheck: boolean;
  /** RFC 3011: whether clients may say which subnet they want; RFC 3011 §6: off unless the operator wants it. */
  readonly subnetSelection: boolean;
  /** RFC 4039. */
  readonly rapidCommit: boolean;
  /** RFC 1534: plain BOOTP clients get an address without end. */
  readonly bootp: boolean;
  /** How long an offer holds its address, in seconds. */
  readonly offerSeconds: number;
  /** Percent of a lease in which it is repeated instead of extended; 0: never. */
  readonly leaseCache: number;
  /** The possible peers: other gateways that share the pool, but not the leases. Traffic of other servers is ignored. */
  readonly peers: ReadonlySet<Ipv4>;
  /** All other gateways of the plan, also where this one has a share of its own and no peers. */
  readonly gateways: ReadonlySet<Ipv4>;
  /** How long a probe waits for an ARP answer, in milliseconds; 0: no probes. */
  readonly probeMilliseconds: number;
  readonly limits: PlanLimits;
  /** True: where the ports of guests are seen, the guest at one port has a share of the pool, and limits of its own. */
  readonly limitsPorts: boolean;
  /** Who is served at all. */
  readonly clients: ClientRules;
}
