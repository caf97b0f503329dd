import { type ClientKey, clientKeyFromText } from '../../../lease/client-key.ts';
import { INFINITE_SECONDS, type Instant, type Lease, type LeaseState } from '../../../lease/lease.ts';
import type { HardwareAddress } from '../../../net/hardware-address.ts';
import { type Ipv4, ipv4FromText, ipv4ToText, UNSPECIFIED } from '../../../net/ipv4.ts';
import type { KeyValue, Revision } from '../client/etcd.ts';

/** What one gateway wrote about an address: a record, or an offer. Times are milliseconds since 1970, UTC. */
export interface Claim {
  readonly client: string;
  /** As an unsigned 48-bit number; 0: none. */
  readonly mac: number;
  readonly state: LeaseState;
  readonly expiresAt: number;
  readonly updatedAt: number;
  /** As a lease has it; absent: not known, as where an older version wrote it. */
  readonly leaseSeconds?: number;
  /** The gateway's server identifier, dotted, and its node's name. */
  readonly granter: string;
  readonly node: string;
  readonly hostname?: string;
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

const STATES: readonly unknown[] = ['free', 'offered', 'bound', 'declined', 'peer'] satisfies LeaseState[];

function isClaim(value: unknown): value is Claim {
  if (typeof value !== 'object' || value === null) return false;
  const {
    client,
    mac,
    state,
    expiresAt,
    updatedAt,
    leaseSeconds = 0,
    granter,
    node,
  } = value as Partial<Record<string, unknown>>;
  return (
    typeof client === 'string' &&
    clientKeyFromText(client) !== undefined &&
    Number.isSafeInteger(mac) &&
    Number.isSafeInteger(expiresAt) &&
    Number.isSafeInteger(updatedAt) &&
    isLeaseSeconds(leaseSeconds) &&
    STATES.includes(state) &&
    typeof granter === 'string' &&
    typeof node === 'string'
  );
}

/** How long a claim is given for; nothing where that is not known, or it is for nothing. */
export function claimedLength(leaseSeconds: number): Pick<Claim, 'leaseSeconds'> {
  return leaseSeconds === 0 ? {} : { leaseSeconds };
}

function isLeaseSeconds(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) <= INFINITE_SECONDS;
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
  };
}
