import type { SeededRandom } from '../support/random.ts';
import type { SimulatedClock } from './clock.ts';
import type { SimulatedGuest } from './guest.ts';
import type { Answers } from './heard-answers.ts';
import type { Network } from './network.ts';

export const GATEWAYS = ['10.15.3.10', '10.15.3.11', '10.15.3.12'] as const;
/** Gateways that are not there, but may be by the plan: forged messages name them. For the first one ARP is answered at times. */
export const INVENTED = '10.15.3.19';
export const ABSENT = '10.15.3.18';
/** Seconds. */
export const LEASE_TIMES = { default: 120, minimum: 60, maximum: 120 };
/** Two clocks differ by less than the grace: milliseconds. */
export const SKEW = 29_000;
/** What the parts of a world have in common. */
export interface WorldParts {
  readonly clock: SimulatedClock;
  readonly random: SeededRandom;
  readonly network: Network;
  readonly guests: readonly SimulatedGuest[];
  /** Who answered a gateway by ARP. */
  readonly answers: Answers;
  readonly fault: (text: string) => void;
  /** Once more what may happen, but is worth knowing. */
  readonly count: (what: string) => void;
}

/** How often in a hundred; a mistake that shows rarely may make them more. */
export const CHANCES = {
  /** A misfortune is a clock that is set wrong, where each gateway has a store of its own. */
  wrongClocks: 15,
  /** A guest does not answer ARP, of those that need not. */
  silentGuests: 25,
};
