import type { Clock } from '../../src/lease/clock.ts';
import type { SeededRandom } from '../support/random.ts';
import type { SimulatedGuest } from './guest.ts';
import type { Network } from './network.ts';

export interface GuestParts {
  readonly clock: Clock;
  readonly random: SeededRandom;
  readonly network: Network;
  readonly node: number;
  readonly mac: string;
  readonly identifier?: readonly number[] | undefined;
  /** Told of every ACK that was taken, and of every NAK that counts. `isFirst`: it had no lease before. */
  readonly bound: (guest: SimulatedGuest, isFirst: boolean) => void;
  readonly refused: (guest: SimulatedGuest, server: string) => void;
}
