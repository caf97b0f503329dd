import { mayBePassedOn } from '../../engine/decision/may-be-passed-on.ts';
import { NO_HARDWARE } from '../../net/hardware-address.ts';
import { UNSPECIFIED } from '../../net/ipv4.ts';
import type { Message } from '../../wire/message.ts';
import type { Admission } from '../parts/admission.ts';
import { Bucket } from './bucket.ts';

/** Messages without an Ethernet address that are admitted: so many at once, and 10 more a second. */
const UNJUDGED = { burst: 50, interval: 1000 / 10 };

/**
 * The kernel has found that another network card than the client's has sent it. Only a renewal may be passed on by a
 * router. Of a sample (NO_HARDWARE) most is cut off.
 */
export const admitOwnCard: Admission = (message, arrival) => {
  const { frameSource } = arrival;
  if (frameSource === undefined) return 'admitted';
  return frameSource !== NO_HARDWARE && mayBePassedOn(message, arrival) ? 'admitted' : 'forged';
};

/**
 * What has no Ethernet address the kernel cannot compare with its frame: a forger may send it. All of it together has one
 * small budget, so that it is no way around the check.
 */
export function unjudgedBudget(): Admission {
  const admitted = new Bucket();
  return (message, _arrival, monotonic, { chaddrCheck }) => {
    if (!chaddrCheck || message.giaddr !== UNSPECIFIED || isEthernet(message)) return 'admitted';
    return admitted.takeIfFree(monotonic, UNJUDGED) ? 'admitted' : 'unjudged';
  };
}

/** RFC 1700: hardware type 1, of six octets. */
function isEthernet({ htype, hlen }: Message): boolean {
  return htype === 1 && hlen === 6;
}
