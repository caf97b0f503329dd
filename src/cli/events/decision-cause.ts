import { reasonRowOf } from '../why/story.ts';

/** The guest has asked another gateway, and not this one. */
const HEARD = 'peer-granted';
const NO_MESSAGE = 'order';

/** What a decision was about, for people: a message of the guest to this gateway, or what else. */
export function decisionCause(type: string, reason: string): string {
  if (reason === HEARD) return 'heard on the segment';
  if (type !== NO_MESSAGE) return type;
  return reasonRowOf(reason)?.isOrdered === true ? 'order' : 'without a message';
}
