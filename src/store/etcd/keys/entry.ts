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
  readonly [Name in keyof Fields as Exclude<Fields[Name]['etcd'], '-' | `${string}?`>]: Member<Name>;
};
type OptionalMembers = {
  readonly [Name in keyof Fields as Fields[Name]['etcd'] extends `${infer Member}?`
    ? Member
    : never]?: Member<Name>;
};

/** A record or an offer of an address, as one gateway wrote it, by LEASE_FIELDS. `granter` is dotted. */
export interface EtcdRecord extends Members, OptionalMembers {
  /** The reason for the change: for the history on every node. */
  readonly reason?: string;
}

/** The value of an address's key, as JSON. Fields that this version does not know are kept unchanged. */
export interface Entry {
  readonly record?: EtcdRecord;
  /** Counts instead of the record until it is taken, withdrawn or over. */
  readonly offer?: EtcdRecord;
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
    (record === undefined || isEtcdRecord(record)) &&
    (offer === undefined || isEtcdRecord(offer));
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
  const { type, etcd, where } = LEASE_FIELDS[name];
  const isOptional = etcd.endsWith('?');
  if (etcd === '-' || (isOptional && where !== 'memory')) return [];
  return [{ member: etcd.replace('?', ''), isOptional, isFitting: CHECKS[type] }];
});

function isEtcdRecord(value: unknown): value is EtcdRecord {
  if (typeof value !== 'object' || value === null) return false;
  const record = value as Partial<Record<string, unknown>>;
  return MEMBERS.every(
    ({ member, isOptional, isFitting }) =>
      (isOptional && record[member] === undefined) || isFitting(record[member]),
  );
}

/** The values of a record. */
export interface RecordedLease
  extends Pick<Lease, 'client' | 'hardware' | 'state' | 'expiresAt' | 'updatedAt' | 'leaseSeconds' | 'ids'> {
  readonly hostname?: string | undefined;
}

/**
 * The record of a lease, as etcd has it. Members without a value are absent.
 *
 * @param granter The gateway's server identifier, dotted.
 * @param node The name of its node.
 */
export function etcdRecordOf(
  lease: RecordedLease,
  granter: string,
  node: string,
  reason?: string,
): EtcdRecord {
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

/** A member that is text for people; undefined where it is not text, which does not make the record invalid. */
export function textIn(member: unknown): string | undefined {
  return typeof member === 'string' ? member : undefined;
}

const KNOWN = new Set<string>([
  'reason',
  ...FIELD_NAMES.map((name) => LEASE_FIELDS[name].etcd.replace('?', '')),
]);

/** The members of a newer version, which this one does not know. */
export function unknownIn(record: EtcdRecord): object {
  return Object.fromEntries(Object.entries(record).filter(([member]) => !KNOWN.has(member)));
}

export function idsOf(record: EtcdRecord): OutsideIds | undefined {
  return idsFrom((name) => record[name]);
}

/** The lease of a record, for the table. */
export function leaseOfRecord(address: Ipv4, record: EtcdRecord, version: Revision): Lease {
  return {
    address,
    client: record.client as ClientKey,
    hardware: record.mac as HardwareAddress,
    granter: ipv4FromText(record.granter) ?? UNSPECIFIED,
    state: record.state,
    expiresAt: record.expiresAt as Instant,
    updatedAt: record.updatedAt as Instant,
    leaseSeconds: record.leaseSeconds ?? 0,
    version,
    ids: idsOf(record),
  };
}
