import type { DecisionContext, PeerObservations } from '../engine/decision.ts';
import type { ClientKey } from '../lease/client-key.ts';
import { instant } from '../lease/lease.ts';
import { NO_HARDWARE } from '../net/hardware-address.ts';
import type { ServerState } from './exchange-parts.ts';
import type { Turn } from './turn.ts';

/** For a gateway that is alone. */
export const NO_PEERS: PeerObservations = {
  peers: new Map(),
  rivalFor: () => undefined,
  lastRequestFor: () => undefined,
  since: instant(0),
};

/** The engine's `DecisionContext`, filled in anew for each decision. */
export type MutableContext = { -readonly [Field in keyof DecisionContext]: DecisionContext[Field] };

export function emptyContext(): MutableContext {
  return {
    client: '' as ClientKey,
    readRevision: 0,
    lastGapRevision: 0,
    trustsClock: true,
    mayBeOver: () => true,
    sightingAt: () => undefined,
    declines: 0,
    peerObservations: NO_PEERS,
    clusterPeers: undefined,
    isDiscoverRetry: false,
    waited: false,
    answers: new Map(),
  };
}

/** All that one decision is told beside what the clock says, which holds for the whole round. */
export function contextFor(
  context: MutableContext,
  { revision, answers, waited, message }: Turn,
  client: ClientKey,
  sender: ClientKey,
  serverState: ServerState,
): DecisionContext {
  context.client = client;
  context.readRevision = revision;
  context.lastGapRevision = serverState.lastGapRevision;
  context.declines = serverState.declinesOf(message?.hardware ?? NO_HARDWARE);
  context.answers = answers;
  context.peerObservations = serverState.peerObservations;
  context.clusterPeers = serverState.clusterPeers;
  context.isDiscoverRetry = serverState.isDiscoverRetry(sender);
  context.waited = waited;
  return context;
}
