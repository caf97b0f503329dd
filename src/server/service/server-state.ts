import type { FirstGatewayList } from '../../detection/first-gateways.ts';
import type { BridgeGuestPorts } from '../../detection/guest-ports.ts';
import type { HostAnswers } from '../../detection/host-answers.ts';
import type { Sightings } from '../../detection/sightings.ts';
import { NO_QUIET } from '../../exchange/decision-context.ts';
import type { ServerState } from '../../exchange/parts/exchange-parts.ts';
import type { ClientKey } from '../../lease/client-key.ts';
import { clockTrustOf, type Memory, mayLeaseBeOver } from '../parts/memory.ts';
import type { QuietWatch } from './quiet-watch.ts';

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
    noteRequest: (server, address, client, hardware) => {
      quiet?.noteRequest(server, address);
      if (peers.known.has(server)) hostAnswers?.noteSelection(guestPorts?.hostOfCard(hardware));
      firstGateways?.noteSelection(server);
      // A gateway that shares its leases is known without this.
      if (clusterPeers?.live.has(server) !== true) peers.noteRequest(server, address, client, hardware);
      // Any guest may name any gateway, so that one of this node names it does not show that it is at work.
      if (guestPorts?.portOfCard(hardware)?.kind !== 'guest') memory.otherGateways.noteSelection(server);
      if (peers.known.has(server)) peerMemory?.noteRequest(address);
      rogueServers.noteRequest(server, address, hardware);
    },
    // Only beside peers: one of them may confirm what this gateway does not know.
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
