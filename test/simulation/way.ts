import type { Plan } from '../../src/subnet/plan.ts';
import type { Faults, Victims } from './faults.ts';
import type { Gateway } from './gateway.ts';
import type { SimulatedGuest } from './guest.ts';
import type { Keeping } from './keeping.ts';
import type { Operator, OperatorParts } from './operator.ts';

/** How the gateways of a world come to know of each other's leases, and what its worlds differ in by it. */
export interface Way {
  readonly keepings: ReadonlyMap<string, Keeping>;
  /** Whether ARP is asked; without it a late DHCPRELEASE would be believed, and clones are not told apart. */
  readonly hasArp: boolean;
  readonly hearsAll: boolean;
  /** Guests that live from the beginning. */
  readonly guests: number;
  /** And those that come while things go wrong. */
  readonly strangers: number;
  /** Addresses, in whatever pools. */
  readonly addresses: number;
  /** How long it takes at most until all are served when all is well again: milliseconds. */
  readonly recovery: number;
  planOf(address: string): Pick<Plan, 'subnet' | 'peers'>;
  /** Before the gateways start. */
  open(): Promise<void>;
  faults(victims: Victims): Faults;
  isClone(index: number): boolean;
  /** Whether this guest may be silent to ARP, and its address is safe all the same. */
  maySilence(index: number): boolean;
  /** A machine answers a gateway by ARP. Absent: whoever answers is believed. */
  answered?(gateway: Gateway, address: string, mac: string): void;
  /** A gateway sends a reply of this type. */
  replied(gateway: Gateway, type: string, address: string, guest: SimulatedGuest): void;
  /** Two hold one address by their own reckoning; the first one has just taken it. */
  shared(guest: SimulatedGuest, other: SimulatedGuest): void;
  /** As a gateway sends a reply: it has just heard another machine by ARP at this guest's address. Absent: that is no reason. */
  hasHeardOther?(gateway: Gateway, guest: SimulatedGuest): boolean;
  /** A guest takes a DHCPNAK. `isBacked`: its sender had a live lease that contradicts the guest, or had heard another. */
  refused(guest: SimulatedGuest, server: string, isBacked: boolean): void;
  /** Who reserves addresses in the world of this seed; undefined: nobody does. */
  operator(parts: OperatorParts): Operator | undefined;
  /** True: every gateway has a reservation of the address, also one that was removed and is not forgotten yet. */
  isKept(address: string): boolean;
  /** The address that counts of those that are reserved for a network card. Absent: no card has two. */
  reservedFor?(hardware: number): string | undefined;
  /** True: the address is in quarantine, or was less than a lease ago, so that not every guest has asked again since. */
  isQuarantined(address: string): boolean;
  /** Addresses that are in quarantine now. */
  quarantined(): number;
  checkEnd(): void;
}
