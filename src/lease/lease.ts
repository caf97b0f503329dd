import type { HardwareAddress } from '../net/hardware-address.ts';
import type { Ipv4 } from '../net/ipv4.ts';
import type { ClientKey } from './client-key.ts';

/** Wall-clock time in milliseconds since 1970-01-01T00:00:00Z. */
export type Instant = number & { readonly __brand: 'Instant' };

/** The store's counter at the last write of a record; 0: no record. It never goes back. */
export type Version = number;

/**
 * free: was leased, kept for the client's next visit. offered: held for an answer to a DHCPOFFER. bound: leased.
 * declined: in quarantine until `expiresAt`. peer: granted by another gateway.
 */
export type LeaseState = 'free' | 'offered' | 'bound' | 'declined' | 'peer';

export interface Lease {
  readonly address: Ipv4;
  /** Who holds it, or who held it last. */
  readonly client: ClientKey;
  /**
   * The hardware address that the client last used; 0 if its link layer has none. In quarantine: who answered for the
   * address by ARP; 0: nobody did.
   */
  readonly hardware: HardwareAddress;
  /** The gateway that granted it, by its server identifier; 0: this one, or nobody knows. */
  readonly granter: Ipv4;
  readonly state: LeaseState;
  /** End of the lease, offer or quarantine; when free: when it became free. */
  readonly expiresAt: Instant;
  /** When it was last written: the `at` of that change. */
  readonly updatedAt: Instant;
  /** How long it was given for, a lease or a quarantine; INFINITE_SECONDS: without end. 0: not known, or neither. */
  readonly leaseSeconds: number;
  readonly version: Version;
}

/** What a write puts in the place of a lease. */
export interface LeaseRecord {
  readonly client: ClientKey;
  readonly hardware: HardwareAddress;
  /** Absent: this gateway. */
  readonly granter?: Ipv4 | undefined;
  readonly state: LeaseState;
  readonly expiresAt: Instant;
  /** From its write to its end; absent: 0, as in a Lease. */
  readonly leaseSeconds?: number | undefined;
  /** Option 12 or 81, readable text of at most 255 octets in UTF-8; undefined leaves the stored one as it is. */
  readonly hostname?: string | undefined;
}

export function instant(milliseconds: number): Instant {
  return milliseconds as Instant;
}

/** The end of a lease without end: the last second of the year 9999. */
export const NEVER = 253_402_300_799_000 as Instant;
/** RFC 2131 §3.3: a lease time, in seconds, that means no end. */
export const INFINITE_SECONDS = 0xffffffff;

/** So many seconds after `now`; an infinite lease time never ends. */
export function later(now: Instant, seconds: number): Instant {
  return seconds === INFINITE_SECONDS ? NEVER : ((now + seconds * 1000) as Instant);
}
