import type { SimulatedClock } from './clock.ts';
import type { Gateway } from './gateway.ts';
import type { SimulatedGuest } from './guest.ts';

export interface OperatorParts {
  readonly clock: SimulatedClock;
  readonly gateways: readonly [Gateway, ...Gateway[]];
  readonly guests: readonly SimulatedGuest[];
  readonly seed: number;
  readonly say: (text: string) => void;
}

/** An address and the network card that it is reserved for. */
export interface Reserved {
  readonly mac: string;
  readonly address: string;
}

/** Makes, moves and removes reservations while guests boot. */
export interface Operator {
  /** What is reserved now, at every gateway, as far as it is known for certain. */
  readonly current: readonly Reserved[];
  /** Addresses whose reservation was removed: they are kept for it, and no guest is given them. */
  readonly removed: readonly string[];
  /** How many addresses of the pool not everybody may have. */
  readonly kept: number;
  begin(): void;
  /** No new wishes. */
  end(): void;
  /** True: the guest may be refused what it has because of a reservation: of its address, or of another one for it. */
  explains(guest: SimulatedGuest): boolean;
}
