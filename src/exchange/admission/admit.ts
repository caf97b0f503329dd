import { clientKeyOf } from '../../lease/client-key.ts';
import type { Version } from '../../lease/lease.ts';
import type { Arrival } from '../../net/datagram.ts';
import type { Plan } from '../../subnet/plan.ts';
import type { Message } from '../../wire/message.ts';
import type { Drop } from '../observer/drops.ts';
import type { Admission } from '../parts/admission.ts';
import { PendingMessage } from '../pending/pending.ts';

/**
 * A message that passes every check, in its first state; or the cause for which it is dropped.
 *
 * @param readRevision The store's revision when the message was read.
 */
export function admit(
  admissions: readonly Admission[],
  message: Message,
  arrival: Arrival,
  monotonic: number,
  plan: Plan,
  readRevision: Version,
): PendingMessage | Drop {
  for (const admission of admissions) {
    const verdict = admission(message, arrival, monotonic, plan);
    if (verdict !== 'admitted') return verdict;
  }
  const client = clientKeyOf(message, plan.identity !== 'mac');
  if (client === undefined) return 'no-client';
  return new PendingMessage(client, message, arrival, readRevision, monotonic);
}
