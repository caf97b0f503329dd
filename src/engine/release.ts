import { isBoundTo } from '../allocation/availability.ts';
import { UNSPECIFIED } from '../net/ipv4.ts';
import { endingWrites } from './address/peers.ts';
import type { Decision } from './decision/decision.ts';
import type { DecisionInput } from './decision/decision-input.ts';
import { changeOf, silence } from './decision/outcome.ts';
import { namesThisServer, serverNamedBy } from './reply/reply.ts';

/**
 * RFC 2131 §4.3.4: the address is marked as not allocated, and the record of the client is kept for its next visit.
 * There is no reply. A client that leaves the server identifier out is believed: only it has this binding.
 */
export function answerRelease(input: DecisionInput): Decision {
  const { arrival, message, leases, client, now, context } = input;
  if (serverNamedBy(input) !== undefined && !namesThisServer(input)) return silence('not-for-us');
  // RFC 2131 §4.4.6: a client sends it by unicast from the address that it gives up; only a relay may stand between.
  const isFromAddress = arrival.source === message.ciaddr || message.giaddr !== UNSPECIFIED;
  if (!isFromAddress) return silence('from-elsewhere');

  const binding = leases.bindingOf(client);
  if (!isBoundTo(binding, client, now) || binding.address !== message.ciaddr) return silence('no-binding');
  // RFC 2131 §4.4.6: it may as well have been lost. An attempt to write it now might succeed long after it, unseen.
  if (!leases.canPromise) return silence('cannot-promise');
  // What waited may not undo what came after it.
  if (binding.version > context.readRevision) return silence('overtaken');

  const writes = endingWrites(input, binding);
  return { kind: 'silence', reason: 'released', change: changeOf(input, 'binding', 'released', writes) };
}
