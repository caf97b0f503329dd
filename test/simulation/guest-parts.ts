import type { Clock } from '../../src/lease/clock.ts';
import type { SeededRandom } from '../support/random.ts';
import type { SimulatedGuest } from './guest.ts';
import type { Network } from './network.ts';

/** RFC 2131 §4.4, figure 5; OFF: the machine is. */
export type GuestState =
  | 'OFF'
  | 'INIT'
  | 'SELECTING'
  | 'REQUESTING'
  | 'BOUND'
  | 'RENEWING'
  | 'REBINDING'
  | 'REBOOTING';

export interface GuestParts {
  readonly clock: Clock;
  readonly random: SeededRandom;
  readonly network: Network;
  readonly node: number;
  readonly mac: string;
  /** One, or those of its boot loader and its system; none: it sends none. */
  readonly identifiers?: readonly (readonly number[] | undefined)[];
  /** It answers no ARP: its firewall drops it, or it does not speak at the moment. */
  readonly isSilent?: boolean;
  /** Takes the first offer, and begins at once. */
  readonly isHasty?: boolean;
  /** Told of every ACK that was taken, and before its end of every NAK that counts. `isFirst`: it had no lease before. */
  readonly bound: (guest: SimulatedGuest, isFirst: boolean) => void;
  readonly refused: (guest: SimulatedGuest, server: string, isBacked: boolean) => void;
}

export interface Offer {
  readonly address: string;
  readonly server: string;
}

/** The value of an option of 32 bits; 0 without it. */
export function u32(value: readonly number[] | undefined): number {
  return (value ?? []).reduce((sum, byte) => sum * 256 + byte, 0);
}

/** True if a reply is for this machine: two may have one xid at a time. */
export function isFor(bytes: Uint8Array, hardware: number): boolean {
  return Buffer.from(bytes).readUIntBE(28, 6) === hardware;
}
