import type { Lease } from '../../lease/lease.ts';
import type { Ipv4 } from '../../net/ipv4.ts';
import type { PeerRequest, RivalryOutcome } from './decision.ts';

/** How long the first lease of an address waits for a rival: milliseconds. */
export const RIVAL_WAIT = 50;
/** Two clients that ask two gateways for one address within this time are rivals: milliseconds. */
export const RIVAL_WINDOW = 1000;
/** So much later than another a gateway may hear the same broadcast: milliseconds. */
const HEARD_LATER = 20;
/**
 * A gateway goes before one whose client has asked no longer than this before its own: also if that one heard its own client
 * as early as may be, and this one's as late, it is listening still. Milliseconds.
 */
export const AT_ONCE = RIVAL_WAIT - 2 * HEARD_LATER;

/**
 * How the second of two rivals stands, by what the gateways decide that were asked, the first and the second. The higher one
 * refuses its client in any case. The lower one goes first where both asked at once; else it refuses its client too, unless
 * it knows that the first one's was refused, and only these two know that.
 *
 * @param apart Milliseconds.
 */
export function rivalryOfSecond(first: Ipv4, second: Ipv4, apart: number): RivalryOutcome {
  if (second > first) return 'lost';
  return apart < AT_ONCE ? 'won' : 'open';
}

/** How it stands when it is sent again. The second time it may come from a client that was refused, and has asked anew. */
export function rivalryOfRepeated(before: RivalryOutcome, sinceFirst: number): RivalryOutcome {
  return before === 'lost' && sinceFirst >= RIVAL_WINDOW ? 'open' : before;
}

/** True if the request came after the record, by time or, if the clock was set back, by version. */
export function isNewer(
  asking: Pick<PeerRequest, 'on' | 'revision'>,
  { updatedAt, version }: Lease,
): boolean {
  return asking.on > updatedAt || asking.revision >= version;
}
