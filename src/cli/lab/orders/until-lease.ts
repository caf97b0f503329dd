import { setTimeout as delay } from 'node:timers/promises';
import type { Guest, GuestLease } from '../guests/guest.ts';
import type { Lab } from '../lab.ts';

/** Milliseconds. */
const PATIENCE = 20_000;
const LOOK_EVERY = 50;
/** After this time a guest without an answer is told again to renew. */
const RENEW_EVERY = 5000;

/** Has a guest renew, and waits until it has a wanted lease that is no older than a time. */
export async function untilLease(
  lab: Lab,
  guest: Guest,
  since: number,
  renew: () => void,
  isWanted: (lease: GuestLease) => boolean = () => true,
): Promise<GuestLease | undefined> {
  const end = Date.now() + PATIENCE;
  let told = 0;
  while (!lab.isEnding && Date.now() < end) {
    if (Date.now() - told > RENEW_EVERY) {
      told = Date.now();
      renew();
    }
    await delay(LOOK_EVERY);
    const { lease } = guest;
    if (lease !== undefined && lease.at >= since && isWanted(lease)) return lease;
  }
  return undefined;
}
