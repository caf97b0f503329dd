import { type ClientKey, clientKeyFromText } from '../../../lease/client-key.ts';
import type { FieldValue, Instant, Lease, LeaseState, OutsideIds } from '../../../lease/lease.ts';
import { FIELD_CHECKS, FIELD_NAMES, LEASE_FIELDS } from '../../../lease/lease-fields.ts';
import { idsFrom } from '../../../lease/outside-ids.ts';
import type { HardwareAddress } from '../../../net/hardware-address.ts';
import { type Ipv4, ipv4FromText, ipv4ToText, UNSPECIFIED } from '../../../net/ipv4.ts';
import type { KeyValue, Revision } from '../client/etcd.ts';

type Fields = typeof LEASE_FIELDS;
/** As JSON has it: an address dotted. */
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

/** What one gateway wrote about an address, a record or an offer, as LEASE_FIELDS says. `granter` is dotted. */
export interface Claim extends Members, OptionalMembers {
  /** Why it was written: for the history of every node. */
  readonly reason?: string;
}

/** The value of an address's key, as JSON. Fields that are not known here are kept as they are. */
export interface Entry {
  readonly record?: Claim;
  /** Stands over the record until it is taken, withdrawn or over. */
  readonly offer?: Claim;
  /** It came from a mirror of an earlier generation: the revision that it had there. */
  readonly seeded?: Revision;
  /** The change that wrote it: who asks again after an unknown outcome knows by it that it had happened. */
  readonly op: string;
  readonly [unknown: string]: unknown;
}

/** What the keys of all segments begin with. */
export const SEGMENTS = '/vps-gateway/';

/** The keys of one segment. */
export class Keys {
  readonly prefix: string;
  /** The key of the segment's generation. */
  readonly generation: string;
  /** The key by which `cluster seed` asks every gateway to merge its mirror; it names the generation to come. */
  readonly seeding: string;
  /** What the keys of all heartbeats begin with. */
  readonly gateways: string;
  readonly #addresses: string;
  readonly #clients: string;

  constructor(segment: string) {
    this.prefix = `${SEGMENTS}${segment}/`;
    this.generation = `${this.prefix}birth`;
    this.seeding = `${this.prefix}seeding`;
    this.gateways = `${this.prefix}gw/`;
    this.#addresses = `${this.prefix}ip/`;
    this.#clients = `${this.prefix}cl/`;
  }

  ofAddress(address: Ipv4): string {
    return `${this.#addresses}${ipv4ToText(address)}`;
  }

  ofClient(client: string): string {
    return `${this.#clients}${client}`;
  }

  /** The heartbeat of a node's gateway. */
  ofGateway(node: string): string {
    return `${this.gateways}${node}`;
  }

  /** Undefined: not a heartbeat's key. */
  gatewayOf(key: string): string | undefined {
    return key.startsWith(this.gateways) ? key.slice(this.gateways.length) : undefined;
  }

  /** What a node has merged. */
  ofSeeded(node: string): string {
    return `${this.prefix}seeded/${node}`;
  }

  /** Undefined: not an address's key. */
  addressOf(key: string): Ipv4 | undefined {
    return key.startsWith(this.#addresses) ? ipv4FromText(key.slice(this.#addresses.length)) : undefined;
  }

  clientOf(key: string): ClientKey | undefined {
    return key.startsWith(this.#clients) ? clientKeyFromText(key.slice(this.#clients.length)) : undefined;
  }
}

export function encodeEntry(entry: Entry): Uint8Array {
  return Buffer.from(formatEntry(entry), 'utf8');
}

/** The value as text, which `parseEntry` reads. */
export function formatEntry(entry: Entry): string {
  return JSON.stringify(entry);
}

/** Undefined for what no version of us has written. */
export function decodeEntry({ value }: KeyValue): Entry | undefined {
  return parseEntry(utf8ToText(value));
}

/** Undefined for what no version of us has written. */
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
/** Optional texts are for people: one that is none is no reason to give an address to nobody. */
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

/** What a claim is made of. */
export interface ClaimedLease
  extends Pick<Lease, 'client' | 'hardware' | 'state' | 'expiresAt' | 'updatedAt' | 'leaseSeconds' | 'ids'> {
  readonly hostname?: string | undefined;
}

/**
 * A lease as etcd has it; what there is nothing of is absent.
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

/** What a claim has of a text for people: whatever stands there, it is no reason to take the claim for none. */
export function textIn(member: unknown): string | undefined {
  return typeof member === 'string' ? member : undefined;
}

const KNOWN = new Set<string>([
  'reason',
  ...FIELD_NAMES.map((name) => LEASE_FIELDS[name].claim.replace('?', '')),
]);

/** What a newer version has of a lease beside all that is known here. */
export function unknownIn(claim: Claim): object {
  return Object.fromEntries(Object.entries(claim).filter(([member]) => !KNOWN.has(member)));
}

export function idsOf(claim: Claim): OutsideIds | undefined {
  return idsFrom((name) => claim[name]);
}

/** A claim as the table has it. */
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
