import type { ClusterPeersView } from '../detection/cluster-peers.ts';
import type { DeclineLog } from '../detection/decline-log.ts';
import type { DiscoverRetries } from '../detection/discover-retries.ts';
import type { DroppedClients } from '../detection/dropped-clients.ts';
import type { FirstGatewayList } from '../detection/first-gateways.ts';
import type { BridgeGuestPorts } from '../detection/guest-ports.ts';
import type { HostAnswers } from '../detection/host-answers.ts';
import type { MissedTraffic } from '../detection/missed-traffic.ts';
import type { OtherGateways } from '../detection/other-gateways.ts';
import type { PeerMemory } from '../detection/peer-memory.ts';
import type { Peers } from '../detection/peers.ts';
import type { RogueServers } from '../detection/rogue-servers.ts';
import type { Sightings } from '../detection/sightings.ts';
import type { TimeGuard } from '../detection/time-guard.ts';
import type { ReservationOrder } from '../engine/order/reservation-order.ts';
import { NO_QUIET } from '../exchange/decision-context.ts';
import type { ServerState } from '../exchange/exchange-parts.ts';
import type { Observer } from '../exchange/observer.ts';
import type { Timings } from '../exchange/timings.ts';
import type { ClientKey } from '../lease/client-key.ts';
import type { Lease } from '../lease/lease.ts';
import { type ClockTrust, mayBeOver } from '../lease/lease-end.ts';
import type { Ipv4 } from '../net/ipv4.ts';
import type { ListenAddress } from '../net/listen-address.ts';
import type { LeaseStore } from '../store/lease-store.ts';
import type { Plan } from '../subnet/plan.ts';
import type { QuietWatch } from './quiet-watch.ts';

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

/** What is known of the segment while its sockets are open. */
interface ServiceMemory {
  readonly sightings: Sightings;
  readonly quiet?: QuietWatch;
  readonly guestPorts?: BridgeGuestPorts | undefined;
  readonly hostAnswers?: HostAnswers;
  readonly firstGateways?: FirstGatewayList;
}

/** The state of the running server, as the exchange reads it. */
export function serverStateOf(
  memory: Memory,
  { sightings, quiet, guestPorts, hostAnswers, firstGateways }: ServiceMemory,
  monotonic: () => number,
): ServerState {
  const { missedTraffic, timeGuard, declines, peers, rogueServers, clusterPeers, discoverRetries } = memory;
  const { peerMemory } = memory;
  return {
    beginRound: () => quiet?.lap.hearAnswers(),
    readArp: () => quiet?.lap.hearNow(),
    get lastGapRevision() {
      return missedTraffic.lastGapRevision;
    },
    get trustsClock() {
      const { isTrusted } = clockTrustOf(memory);
      peers.followClock(timeGuard.offset);
      return isTrusted;
    },
    mayBeOver: (lease) => mayLeaseBeOver(memory, lease),
    peerObservations: peers,
    clusterPeers,
    sightingAt: (address) => sightings.at(address),
    quietAddresses: quiet?.lap ?? NO_QUIET,
    noteQuietOffer: (address) => quiet?.lap.noteOffer(address),
    noteGap: () => missedTraffic.noteGap('stale'),
    // A gateway that shares its leases is known without this.
    noteRequest: (server, address, client, hardware) => {
      quiet?.noteRequest(server, address);
      if (peers.known.has(server)) hostAnswers?.noteSelection(guestPorts?.hostOfCard(hardware));
      firstGateways?.noteSelection(server);
      if (clusterPeers?.live.has(server) !== true) peers.noteRequest(server, address, client, hardware);
      // Any guest may name any gateway, so that one of this node names it does not show that it is at work.
      if (guestPorts?.portOfCard(hardware)?.kind !== 'guest') memory.otherGateways.noteSelection(server);
      if (peers.known.has(server)) peerMemory?.noteRequest(address);
      rogueServers.noteRequest(server, address, hardware);
    },
    // Alone, and where leases are shared, nobody else confirms what this gateway does not know of.
    noteReboot: (address, hardware) => {
      if (peers.peers.size === 0) return;
      quiet?.lap.claim(address);
      sightings.noteReboot(address, hardware);
    },
    noteReply: (message, arrival) => rogueServers.noteReply(message, arrival),
    noteDiscover: (sender: ClientKey) => {
      const hasOthers = peers.peers.size > 0 || (firstGateways?.gatewaysAt(monotonic()).size ?? 0) > 0;
      if (clusterPeers !== undefined || hasOthers) discoverRetries.note(sender, monotonic());
    },
    isDiscoverRetry: (sender: ClientKey) => discoverRetries.isRetry(sender),
    declinesOf: (card) => declines.count(card, monotonic()),
    noteDecline: (card) => declines.note(card, monotonic()),
    isLeftToHost: (message) =>
      clusterPeers === undefined &&
      peers.peers.size > 0 &&
      hostAnswers?.takes(guestPorts?.hostOf(message)) === true,
    firstGateways: clusterPeers === undefined ? firstGateways : undefined,
    noteUnanswered: (message, gateway) => {
      if (gateway === undefined) hostAnswers?.noteUnanswered(guestPorts?.hostOf(message));
      else firstGateways?.noteUnanswered(gateway);
    },
    guestPorts,
  };
}
