import type { Arrival } from '../../net/datagram.ts';
import type { Plan } from '../../subnet/plan.ts';
import type { Message } from '../../wire/message.ts';
import type { Drop } from '../observer/drops.ts';

/**
 * One check of a message that was just decoded, before anything is learnt from it or kept for it. It does no I/O and does
 * not throw; what it remembers of earlier messages (their rate, say) is its own and of bounded size.
 *
 * @param monotonic When the message was read: milliseconds.
 */
export type Admission = (
  message: Message,
  arrival: Arrival,
  monotonic: number,
  plan: Plan,
) => Drop | 'admitted';
