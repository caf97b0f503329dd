import type { ClusterPeers, Decide, PeerObservations, Sighting } from '../engine/decision.ts';
import type { ClientKey } from '../lease/client-key.ts';
import type { Clock } from '../lease/clock.ts';
import type { Lease, Version } from '../lease/lease.ts';
import type { HardwareAddress } from '../net/hardware-address.ts';
import type { Ipv4 } from '../net/ipv4.ts';
import type { LeaseStore } from '../store/lease-store.ts';
import type { Plan } from '../subnet/plan.ts';
import type { Transport } from '../transport/transport.ts';
import type { Admission } from './admission.ts';
import type { Observer } from './observer.ts';

/** All that an exchange works with. */
export interface ExchangeParts {
  readonly transport: Transport;
  readonly store: LeaseStore;
  readonly decide: Decide;
  readonly clock: Clock;
  readonly plan: Plan;
  /** The set that the store's view answers `isInFlight` from; the exchange is its only writer. */
  readonly inFlight: Set<Ipv4>;
  readonly prober: Prober;
  readonly serverState: ServerState;
  readonly observer: Observer;
  /** Checks of each message, after those of `ADMISSIONS`. */
  readonly admissions?: readonly Admission[];
  /** Submits orders that free what has run out; false: there is nothing to hope for. */
  readonly makeRoom?: () => boolean;
}

/** What only the running server knows, for the engine's `DecisionContext`. */
export interface ServerState {
  readonly lastGapRevision: Version;
  /** Whether the wall clock is what it should be; asked once for each round. */
  readonly trustsClock: boolean;
  /** As the clocks were when `trustsClock` was asked last. */
  mayBeOver(lease: Lease): boolean;
  readonly peerObservations: PeerObservations;
  /** Who, but the machine that its record names, was heard by ARP at an address last. */
  sightingAt(address: Ipv4): Sighting | undefined;
  /** The gateways that share the leases; undefined: none do. */
  readonly clusterPeers: ClusterPeers | undefined;
  /** A machine's DHCPDISCOVER, before that message is decided. */
  heardDiscover(sender: ClientKey): void;
  /** The DHCPDISCOVER of this machine that was heard last was not its first. */
  isDiscoverRetry(sender: ClientKey): boolean;
  /** What was sent on the segment has been dropped unread, or may not have been heard until now. */
  missed(): void;
  /** A client has asked another server for an address; before that message is decided. */
  heardRequest(server: Ipv4, address: Ipv4, client: ClientKey, hardware: HardwareAddress): void;
  /** DHCPDECLINEs of this network card in the last ten minutes, under whatever client identifiers. */
  declinesOf(card: HardwareAddress): number;
  /** A DHCPDECLINE of this network card for an address that it holds has been decided. */
  declined(card: HardwareAddress): void;
}

/** Asks the segment who holds an address. */
export interface Prober {
  /**
   * Calls `done` once, later: at the first answer of a machine other than `own`; else after the milliseconds, with `own`
   * if that has answered, or with undefined if nobody has. Returns what cancels the question. 'too-many': so much is
   * being asked that this is not; `done` will not be called.
   *
   * @param own The machine that wants the address: its own answer does not end the question.
   */
  ask(
    address: Ipv4,
    own: HardwareAddress,
    milliseconds: number,
    done: (holder: HardwareAddress | undefined) => void,
  ): (() => void) | 'too-many';
}
