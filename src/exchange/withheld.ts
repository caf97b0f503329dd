import type { Ipv4 } from '../net/ipv4.ts';
import type { ServerState } from './parts/exchange-parts.ts';
import type { PendingMessage } from './pending/pending.ts';
import type { FinalDecision, Settled } from './pending/pending-state.ts';

/** The address that a decision promises to a client that did not have it before. */
export function firstPromiseOf(decision: FinalDecision): Ipv4 | undefined {
  return decision.kind === 'reply' ? decision.firstPromise : undefined;
}

/**
 * RFC 2131 §3.1 (2): another machine was heard by ARP at the address that is promised, while that was being stored. It holds
 * a message back only once: with ARP messages anybody could keep a client waiting.
 */
export function isHeardSince(
  serverState: Pick<ServerState, 'sightingAt'>,
  { past, message }: PendingMessage,
  { decision, decidedAt }: Settled,
): boolean {
  const address = firstPromiseOf(decision);
  const sighting = address === undefined || past.isWithheld ? undefined : serverState.sightingAt(address);
  return (
    sighting !== undefined && sighting.seenAtMonotonic >= decidedAt && sighting.hardware !== message.hardware
  );
}
