import { currentAt } from '../allocation/availability.ts';
import { NO_HARDWARE } from '../net/hardware-address.ts';
import type { Decision } from './decision/decision.ts';
import { type DecisionInput, mayBeLive } from './decision/decision-input.ts';
import { changeOf, probe, recordOf, silence } from './decision/outcome.ts';
import { namesThisServer, serverNamedBy } from './reply/reply.ts';

/** Quarantine when ARP names the other holder: 24 hours, in seconds. */
const CONFIRMED_QUARANTINE = 86_400;
/** Quarantine on the client's word alone: 10 minutes, in seconds. */
const CLAIMED_QUARANTINE = 600;
/** DHCPDECLINEs of one network card in ten minutes that are believed. */
const BELIEVED_DECLINES = 3;

/** RFC 2131 §4.3.3: "The server MUST mark the network address as not available." */
export function answerDecline(input: DecisionInput): Decision {
  const { message, leases, client, now, plan, context } = input;
  // RFC 2131 §4.4.1, table 5: it MUST say whose lease it declines; of several servers each would take it for its own.
  if (serverNamedBy(input) === undefined) return silence('no-server');
  if (!namesThisServer(input)) return silence('not-for-us');
  const address = message.requestedAddress ?? message.ciaddr;
  if (address === 0) return silence('no-address');

  // Only who holds an address can say that it is in use.
  const current = currentAt(leases, address, now);
  const isOurs = current?.state === 'bound' || current?.state === 'offered';
  if (current === undefined || !isOurs || current.client !== client || !mayBeLive(input, current)) {
    return silence('no-binding');
  }
  if (leases.isInFlight(address) || current.version > context.readRevision) return silence('overtaken');
  const canAsk = plan.probeMilliseconds > 0;
  if (canAsk && !context.answers.has(address))
    return probe(address, 'asking-declined', now, plan.probeMilliseconds);
  const holder = context.answers.get(address);
  // RFC 5227 §2.1.1: a client that looks for a conflict does not answer for the address; this one uses it, so somebody
  // else speaks in its name.
  if (holder === message.hardware && holder !== NO_HARDWARE) return silence('used-by-client');
  const isConfirmed = holder !== undefined;
  // Deviates from RFC 2131 §4.3.3: what one network card alone has claimed three times is not marked any more, whatever
  // client identifiers it came with; no guest may empty the pool.
  if (!isConfirmed && context.declines >= BELIEVED_DECLINES) return silence('too-many-declines');
  const seconds = isConfirmed ? CONFIRMED_QUARANTINE : CLAIMED_QUARANTINE;
  const next = { ...recordOf(input, 'declined', seconds), hardware: holder ?? NO_HARDWARE };
  const change = changeOf(input, 'binding', 'declined', [
    { address, expectedVersion: leases.at(address)?.version ?? 0, next },
  ]);
  const decision = { kind: 'silence', reason: 'declined', change } as const;
  return isConfirmed ? { ...decision, other: holder } : decision;
}
