import type { ClusterPeersView } from '../../detection/cluster-peers.ts';
import type { DeclineLog } from '../../detection/decline-log.ts';
import type { DiscoverRetries } from '../../detection/discover-retries.ts';
import type { DroppedClients } from '../../detection/dropped-clients.ts';
import type { MissedTraffic } from '../../detection/missed-traffic.ts';
import type { OtherGateways } from '../../detection/other-gateways.ts';
import type { PeerMemory } from '../../detection/peer-memory.ts';
import type { Peers } from '../../detection/peers.ts';
import type { RogueServers } from '../../detection/rogue-servers.ts';
import type { TimeGuard } from '../../detection/time-guard.ts';
import type { ReservationOrder } from '../../engine/order/reservation-order.ts';
import type { Observer } from '../../exchange/observer/observer.ts';
import type { Timings } from '../../exchange/observer/timings.ts';
import type { Lease } from '../../lease/lease.ts';
import { type ClockTrust, mayBeOver } from '../../lease/lease-end.ts';
import type { Ipv4 } from '../../net/ipv4.ts';
import type { ListenAddress } from '../../net/listen-address.ts';
import type { LeaseStore } from '../../store/lease-store.ts';
import type { Plan } from '../../subnet/plan.ts';

/** The parts of the server that outlive its sockets. */
export interface Memory {
  readonly store: LeaseStore;
  /** The plan by the current declaration. */
  planOf(listen: ListenAddress): Plan;
  readonly inFlight: Set<Ipv4>;
  readonly missedTraffic: MissedTraffic;
  readonly timeGuard: TimeGuard;
  readonly declines: DeclineLog;
  readonly peers: Peers;
  readonly otherGateways: OtherGateways;
  readonly rogueServers: RogueServers;
  readonly droppedClients: DroppedClients;
  /** Undefined: the leases are shared, so peers are not observed. */
  readonly peerMemory: PeerMemory | undefined;
  readonly clusterPeers: ClusterPeersView | undefined;
  readonly discoverRetries: DiscoverRetries;
  readonly observer: Observer;
  readonly timings: Timings;
  /** Ends the pending orders of other writers; called before the service begins. */
  readonly handOver: () => Promise<void>;
  /** Called when the service has begun, or will not begin. */
  readonly handedOver: () => void;
  /** Frees expired leases for a client that finds no address. Returns false if there are none. */
  readonly makeRoom: () => boolean;
  /** Orders something about a reservation that nobody has asked for. */
  readonly orderReservation: (order: ReservationOrder) => void;
}

/** What the end of leases is decided by. Reads the clocks. */
export function clockTrustOf({ timeGuard }: Memory): ClockTrust {
  timeGuard.check();
  return timeGuard.clockTrust;
}

/** False: the lease may still run although the clock is past its end. Uses the last reading of the clocks. */
export function mayLeaseBeOver({ clusterPeers, timeGuard }: Memory, lease: Lease): boolean {
  return clusterPeers?.isByWallClock(lease) === false || mayBeOver(lease, timeGuard.clockTrust);
}
