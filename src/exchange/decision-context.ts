import type { DecisionContext, PeerObservations, QuietObservations } from '../engine/decision/decision.ts';
import type { ClientKey } from '../lease/client-key.ts';
import { instant } from '../lease/lease.ts';
import type { ServerState } from './parts/exchange-parts.ts';
import type { PendingMessage } from './pending/pending.ts';

/** What a gateway observes that has no peers. */
export const NO_PEERS: PeerObservations = {
  peers: new Map(),
  isThere: () => true,
  claimSeconds: 0,
  claimOf: () => undefined,
  rivalFor: () => undefined,
  rivalryOf: () => 'won',
  lastRequestFor: () => undefined,
  since: instant(0),
};

/** What is observed where nothing is asked for ahead of need. */
export const NO_QUIET: QuietObservations = {
  isQuiet: () => false,
  find: () => undefined,
  answersDueIn: () => 0,
};

/** The engine's `DecisionContext`, filled in anew for each decision. */
export type MutableContext = { -readonly [Field in keyof DecisionContext]: DecisionContext[Field] };

export function emptyContext(): MutableContext {
  return {
    client: '' as ClientKey,
    ageMilliseconds: 0,
    readRevision: 0,
    lastGapRevision: 0,
    trustsClock: true,
    mayBeOver: () => true,
    sightingAt: () => undefined,
    quietAddresses: NO_QUIET,
    isOfferedBeside: () => false,
    declines: 0,
    peerObservations: NO_PEERS,
    clusterPeers: undefined,
    isDiscoverRetry: false,
    port: undefined,
    host: undefined,
    isLeftToHost: false,
    firstGateways: undefined,
    mayLeaveGuest: false,
    leasesAtPort: 0,
    waited: false,
    isWithheld: false,
    answers: new Map(),
    probes: new Map(),
  };
}

/** What one decision is told of its message. What holds for a whole round is filled in at its begin. */
export function contextFor(
  context: MutableContext,
  { client, sender, readAt, readRevision, past, message }: PendingMessage,
  serverState: ServerState,
  monotonic: number,
): DecisionContext {
  const { firstGateways } = serverState;
  context.client = client;
  context.ageMilliseconds = monotonic - readAt;
  context.readRevision = readRevision;
  context.lastGapRevision = serverState.lastGapRevision;
  context.declines = message.type === 'DHCPDECLINE' ? serverState.declinesOf(message.hardware) : 0;
  context.answers = past.answers;
  context.probes = past.probes;
  context.peerObservations = serverState.peerObservations;
  context.clusterPeers = serverState.clusterPeers;
  context.firstGateways = firstGateways?.gatewaysAt(monotonic);
  context.mayLeaveGuest = firstGateways?.mayLeaveGuest(monotonic) === true;
  context.waited = past.hasPaused;
  context.port = serverState.guestPorts?.portOf(message);
  context.isWithheld = past.isWithheld;
  context.host = serverState.guestPorts?.hostOf(message);
  const isDiscover = message.type === 'DHCPDISCOVER';
  context.isDiscoverRetry = isDiscover && serverState.isDiscoverRetry(sender);
  context.isLeftToHost = isDiscover && past.waits === 0 && serverState.isLeftToHost?.(message) === true;
  return context;
}
