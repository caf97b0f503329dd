import type { HardwareAddress } from '../net/hardware-address.ts';
import type { Ipv4 } from '../net/ipv4.ts';
import type { ClientKey } from './client-key.ts';
import {
  FIELD_CHECKS,
  type FieldName,
  type IdName,
  LEASE_FIELDS,
  type LEASE_STATES,
  type TextName,
} from './lease-fields.ts';
import type { OutsideId } from './outside-id.ts';

/** Wall-clock time in milliseconds since 1970-01-01T00:00:00Z. */
export type Instant = number & { readonly __brand: 'Instant' };

/** The store's counter at the last write of a record; 0: no record. It never goes back. */
export type Version = number;

/**
 * free: was leased, kept for the client's next visit. offered: held for an answer to a DHCPOFFER. bound: leased.
 * declined: in quarantine until `expiresAt`. peer: granted by another gateway.
 */
export type LeaseState = (typeof LEASE_STATES)[number];

/** What a value of each type of LEASE_FIELDS is in memory. */
interface FieldValues {
  readonly ipv4: Ipv4;
  readonly mac: HardwareAddress;
  readonly client: ClientKey;
  readonly state: LeaseState;
  readonly time: Instant;
  readonly seconds: number;
  readonly version: Version;
  readonly text: string;
  readonly id: OutsideId;
}

type Fields = typeof LEASE_FIELDS;
export type FieldValue<Name extends FieldName> = FieldValues[Fields[Name]['type']];

/** The fields of LEASE_FIELDS that are in memory for every lease. */
type InMemory = {
  readonly [Name in keyof Fields as Fields[Name]['where'] extends 'memory' ? Name : never]: FieldValue<Name>;
};

/** What is kept of a lease for people; undefined: there is none. */
export type LeaseTexts = { readonly [Name in TextName]: string | undefined };

/** Names that others have for what a lease belongs to; absent: there is none. */
export type OutsideIds = { readonly [Name in IdName]?: FieldValue<Name> };

/** LEASE_FIELDS says what each of its members is. */
export interface Lease extends InMemory {
  /** Undefined: none, as nearly every lease has. */
  readonly ids?: OutsideIds | undefined;
}

/** What a write puts in the place of a lease. */
export interface LeaseRecord extends Pick<Lease, 'client' | 'hardware' | 'state' | 'expiresAt'> {
  /** Absent: this gateway. */
  readonly granter?: Ipv4 | undefined;
  /** From its write to its end; absent: 0, as in a Lease. */
  readonly leaseSeconds?: number | undefined;
  /** Option 12 or 81, readable text of at most 255 octets in UTF-8; undefined leaves the stored one as it is. */
  readonly hostname?: string | undefined;
  /** All that it has from now on; undefined leaves those that its client has at the address as they are. */
  readonly ids?: OutsideIds | undefined;
}

/** What a stored value has to be for a field. */
export function checkOf<Name extends FieldName>(name: Name): (value: unknown) => value is FieldValue<Name> {
  return FIELD_CHECKS[LEASE_FIELDS[name].type] as (value: unknown) => value is FieldValue<Name>;
}

export function instant(milliseconds: number): Instant {
  return milliseconds as Instant;
}

/**
 * How long a claim is asked for by ARP: seconds. A claim is a record of state 'peer' that has this as its length: a client was
 * heard selecting the address at another gateway, and ARP has not shown it there yet. Those that ARP has shown, and those of
 * versions that asked nobody, have none.
 */
export const CLAIM_SECONDS = 60;

/** True if nothing but a message that anybody can send says that the address is leased. */
export function isClaim({ state, leaseSeconds }: Pick<Lease, 'state' | 'leaseSeconds'>): boolean {
  return state === 'peer' && leaseSeconds === CLAIM_SECONDS;
}

/** The end of a lease without end: the last second of the year 9999. */
export const NEVER = 253_402_300_799_000 as Instant;

/** RFC 2131 §3.3: a lease time, in seconds, that means no end. */
export const INFINITE_SECONDS = 0xffffffff;

/** So many seconds after `now`; an infinite lease time never ends. */
export function later(now: Instant, seconds: number): Instant {
  return seconds === INFINITE_SECONDS ? NEVER : ((now + seconds * 1000) as Instant);
}
