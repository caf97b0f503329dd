import type { ClientKey } from '../../../lease/client-key.ts';
import type { FieldValue, Instant, Lease, LeaseState, OutsideIds } from '../../../lease/lease.ts';
import { FIELD_CHECKS, FIELD_NAMES, LEASE_FIELDS } from '../../../lease/lease-fields.ts';
import { idsFrom } from '../../../lease/outside-ids.ts';
import type { HardwareAddress } from '../../../net/hardware-address.ts';
import { type Ipv4, ipv4FromText, UNSPECIFIED } from '../../../net/ipv4.ts';
import type { KeyValue, Revision } from '../client/etcd.ts';

type Fields = typeof LEASE_FIELDS;
/** The type of a member in JSON: an address is dotted text. */
type Member<Name extends keyof Fields> = Fields[Name]['type'] extends 'ipv4'
  ? string
  : FieldValue<Name> extends LeaseState | number
    ? Unbranded<FieldValue<Name>>
    : string;
type Unbranded<Value> = Value extends LeaseState ? Value : number;

/** The members that LEASE_FIELDS has without a question mark, and those with one. */
type Members = {
  readonly [Name in keyof Fields as Exclude<Fields[Name]['claim'], '-' | `${string}?`>]: Member<Name>;
};
type OptionalMembers = {
  readonly [Name in keyof Fields as Fields[Name]['claim'] extends `${infer Claim}?`
    ? Claim
    : never]?: Member<Name>;
};

/** A record or an offer of an address, as one gateway wrote it, by LEASE_FIELDS. `granter` is dotted. */
export interface Claim extends Members, OptionalMembers {
  /** The reason for the change: for the history on every node. */
  readonly reason?: string;
}

/** The value of an address's key, as JSON. Fields that this version does not know are kept unchanged. */
export interface Entry {
  readonly record?: Claim;
  /** Counts instead of the record until it is taken, withdrawn or over. */
  readonly offer?: Claim;
  /** It came from a mirror of an earlier generation: the revision that it had there. */
  readonly seeded?: Revision;
  /** The id of the reservation of the address, in force or retired. It is written with that, so that each sees the other. */
  readonly reserved?: string;
  /** The id of the change that wrote it. After an unknown outcome the sender finds by it that its change was written. */
  readonly op: string;
  readonly [unknown: string]: unknown;
}

export function encodeEntry(entry: Entry): Uint8Array {
  return Buffer.from(formatEntry(entry), 'utf8');
}

/** The value as text; `parseEntry` reads it. */
export function formatEntry(entry: Entry): string {
  return JSON.stringify(entry);
}

/** @returns undefined for a value that no version of the gateway has written. */
export function decodeEntry({ value }: KeyValue): Entry | undefined {
  return parseEntry(utf8ToText(value));
}

/** @returns undefined for a value that no version of the gateway has written. */
export function parseEntry(text: string): Entry | undefined {
  let entry: unknown;
  try {
    entry = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof entry !== 'object' || entry === null) return undefined;
  const { record, offer, op } = entry as Partial<Record<string, unknown>>;
  const isOurs =
    typeof op === 'string' &&
    (record === undefined || isClaim(record)) &&
    (offer === undefined || isClaim(offer));
  return isOurs ? (entry as Entry) : undefined;
}

/** UTF-8 as text. */
export function utf8ToText(value: Uint8Array): string {
  const bytes = Buffer.isBuffer(value)
    ? value
    : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  return bytes.toString();
}

const CHECKS = { ...FIELD_CHECKS, ipv4: FIELD_CHECKS.text };
/** The members that are checked. Optional texts for people are not: a wrong one must not make an address unusable. */
const MEMBERS = FIELD_NAMES.flatMap((name) => {
  const { type, claim, where } = LEASE_FIELDS[name];
  const isOptional = claim.endsWith('?');
  if (claim === '-' || (isOptional && where !== 'memory')) return [];
  return [{ member: claim.replace('?', ''), isOptional, isFitting: CHECKS[type] }];
});

function isClaim(value: unknown): value is Claim {
  if (typeof value !== 'object' || value === null) return false;
  const claim = value as Partial<Record<string, unknown>>;
  return MEMBERS.every(
    ({ member, isOptional, isFitting }) =>
      (isOptional && claim[member] === undefined) || isFitting(claim[member]),
  );
}

/** The values of a claim. */
export interface ClaimedLease
  extends Pick<Lease, 'client' | 'hardware' | 'state' | 'expiresAt' | 'updatedAt' | 'leaseSeconds' | 'ids'> {
  readonly hostname?: string | undefined;
}

/**
 * The claim of a lease, as it is written to etcd. Members without a value are absent.
 *
 * @param granter The gateway's server identifier, dotted.
 * @param node The name of its node.
 */
export function claimOf(lease: ClaimedLease, granter: string, node: string, reason?: string): Claim {
  const { client, hardware, state, expiresAt, updatedAt, leaseSeconds, hostname, ids } = lease;
  return {
    ...{ client, mac: hardware, state, expiresAt, updatedAt },
    ...(leaseSeconds === 0 ? {} : { leaseSeconds }),
    ...{ granter, node },
    ...(reason === undefined ? {} : { reason }),
    ...(hostname === undefined ? {} : { hostname }),
    ...ids,
  };
}

/** A member that is text for people; undefined where it is not text, which does not make the claim invalid. */
export function textIn(member: unknown): string | undefined {
  return typeof member === 'string' ? member : undefined;
}

const KNOWN = new Set<string>([
  'reason',
  ...FIELD_NAMES.map((name) => LEASE_FIELDS[name].claim.replace('?', '')),
]);

/** The members of a newer version, which this one does not know. */
export function unknownIn(claim: Claim): object {
  return Object.fromEntries(Object.entries(claim).filter(([member]) => !KNOWN.has(member)));
}

export function idsOf(claim: Claim): OutsideIds | undefined {
  return idsFrom((name) => claim[name]);
}

/** The lease of a claim, for the table. */
export function leaseOfClaim(address: Ipv4, claim: Claim, version: Revision): Lease {
  return {
    address,
    client: claim.client as ClientKey,
    hardware: claim.mac as HardwareAddress,
    granter: ipv4FromText(claim.granter) ?? UNSPECIFIED,
    state: claim.state,
    expiresAt: claim.expiresAt as Instant,
    updatedAt: claim.updatedAt as Instant,
    leaseSeconds: claim.leaseSeconds ?? 0,
    version,
    ids: idsOf(claim),
  };
}
