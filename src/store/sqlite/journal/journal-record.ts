import type { ClientKey } from '../../../lease/client-key.ts';
import { HISTORY_EVENTS, type HistoryEvent } from '../../../lease/history-event.ts';
import type { Instant, OutsideIds } from '../../../lease/lease.ts';
import { ID_NAMES, LEASE_FIELDS } from '../../../lease/lease-fields.ts';
import { idsFrom } from '../../../lease/outside-ids.ts';
import { STORED_STATES, type StoredLease } from '../../../lease/stored-state.ts';
import type { HardwareAddress } from '../../../net/hardware-address.ts';
import type { Ipv4 } from '../../../net/ipv4.ts';

/** One write of a committed change: the new row of `lease`, and its row of the history. */
export interface JournalRecord extends StoredLease {
  /** Undefined: the stored host name stays. */
  readonly hostname: string | undefined;
  /** True: only times, MAC, version, names and ids of the row change. */
  readonly isRenewal: boolean;
  /** Undefined: it adds nothing to the history. */
  readonly event: HistoryEvent | undefined;
  /** The id of the history's row; 0: there is none. */
  readonly eventId: number;
  readonly reason: string;
}

/**
 * The offset of each field of a lease in a record; FORMAT.md shows the whole. Reading and writing are written out, field by
 * field, since every commit waits for them. A test compares them with LEASE_FIELDS.
 */
const ADDRESS = LEASE_FIELDS.address.journal.at;
const GRANTER = LEASE_FIELDS.granter.journal.at;
const STATE = LEASE_FIELDS.state.journal.at;
const CLIENT_BYTES = LEASE_FIELDS.client.journal.at;
const HOSTNAME_BYTES = LEASE_FIELDS.hostname.journal.at;
const HARDWARE = LEASE_FIELDS.hardware.journal.at;
const EXPIRES_AT = LEASE_FIELDS.expiresAt.journal.at;
const UPDATED_AT = LEASE_FIELDS.updatedAt.journal.at;
const VERSION = LEASE_FIELDS.version.journal.at;
const LEASE_SECONDS = LEASE_FIELDS.leaseSeconds.journal.at;
/** The offsets of what else is in a record. */
const EVENT = 13;
const FLAGS = 14;
const REASON_BYTES = 15;
const EVENT_ID = 52;

/** The texts begin behind these bytes: client, reason (Latin-1), host name (UTF-8), then the ids. */
const FIXED_BYTES = 64;
/** The same in format 1, whose records have no leaseSeconds and not its flag. */
const FIRST_FIXED_BYTES = 60;

const RENEWAL = 1;
const HAS_HOSTNAME = 2;
const HAS_LEASE_SECONDS = 4;
const HAS_IDS = 8;

/** The most bytes of a client or a host name, and of a reason. Ours are far shorter. */
const MOST_TEXT = 0xffff;
const MOST_REASON = 0xff;
const UTF8 = new TextEncoder();

/** The bytes that a record takes. */
export function bytesOf({ client, reason, hostname = '', ids }: JournalRecord): number {
  const texts = client.length + reason.length + Buffer.byteLength(hostname);
  return FIXED_BYTES + texts + (ids === undefined ? 0 : bytesOfIds(ids));
}

/**
 * Writes a record at an offset, where there must be room. Returns the offset behind it.
 *
 * @throws RangeError if a text is too long.
 */
export function encodeRecord(
  record: JournalRecord,
  bytes: Uint8Array,
  view: DataView,
  offset: number,
): number {
  const { client, reason, hostname = '', ids } = record;
  const hostnameBytes = Buffer.byteLength(hostname);
  if (client.length > MOST_TEXT || hostnameBytes > MOST_TEXT || reason.length > MOST_REASON) {
    throw new RangeError('a text of a lease is too long');
  }
  view.setUint32(offset + ADDRESS, record.address, true);
  view.setUint32(offset + GRANTER, record.granter, true);
  bytes[offset + STATE] = STORED_STATES.indexOf(record.state);
  bytes[offset + EVENT] = record.event === undefined ? 0 : HISTORY_EVENTS.indexOf(record.event) + 1;
  bytes[offset + FLAGS] = flagsOf(record);
  bytes[offset + REASON_BYTES] = reason.length;
  view.setUint16(offset + CLIENT_BYTES, client.length, true);
  view.setUint16(offset + HOSTNAME_BYTES, hostnameBytes, true);
  view.setFloat64(offset + HARDWARE, record.hardware, true);
  view.setFloat64(offset + EXPIRES_AT, record.expiresAt, true);
  view.setFloat64(offset + UPDATED_AT, record.updatedAt, true);
  view.setFloat64(offset + VERSION, record.version, true);
  view.setFloat64(offset + EVENT_ID, record.eventId, true);
  view.setUint32(offset + LEASE_SECONDS, record.leaseSeconds, true);
  let end = putText(client, bytes, offset + FIXED_BYTES);
  end = putText(reason, bytes, end);
  end = hostnameBytes === hostname.length ? putText(hostname, bytes, end) : putUtf8(hostname, bytes, end);
  if (ids !== undefined) end = putIds(ids, bytes, end);
  view.setUint32(offset, end - offset, true);
  return end;
}

function flagsOf({ isRenewal, hostname, ids }: JournalRecord): number {
  const texts = (hostname === undefined ? 0 : HAS_HOSTNAME) | (ids === undefined ? 0 : HAS_IDS);
  return HAS_LEASE_SECONDS | (isRenewal ? RENEWAL : 0) | texts;
}

/** The bytes of the record at an offset. */
export function lengthAt(view: DataView, offset: number): number {
  return view.getUint32(offset, true);
}

export function readAddress(view: DataView, offset: number): Ipv4 {
  return view.getUint32(offset + ADDRESS, true) as Ipv4;
}

export function hasEventAt(view: DataView, offset: number): boolean {
  return view.getUint8(offset + EVENT) !== 0;
}

/** Undefined: the record adds nothing to the history. */
export function eventAt(view: DataView, offset: number): HistoryEvent | undefined {
  return HISTORY_EVENTS[view.getUint8(offset + EVENT) - 1];
}

export function eventIdAt(view: DataView, offset: number): number {
  return view.getFloat64(offset + EVENT_ID, true);
}

/**
 * Reads a record of format 1, 2 or 3 at an offset. The caller has checked the checksum of its batch.
 *
 * @throws RangeError if the state is not one of ours.
 */
export function decodeRecord(bytes: Buffer, view: DataView, offset: number): JournalRecord {
  const state = STORED_STATES[view.getUint8(offset + STATE)];
  if (state === undefined) throw new RangeError('the journal has a lease with an unknown state');
  const flags = view.getUint8(offset + FLAGS);
  const hasLeaseSeconds = (flags & HAS_LEASE_SECONDS) !== 0;
  const textStart = offset + (hasLeaseSeconds ? FIXED_BYTES : FIRST_FIXED_BYTES);
  const clientEnd = textStart + view.getUint16(offset + CLIENT_BYTES, true);
  const reasonEnd = clientEnd + view.getUint8(offset + REASON_BYTES);
  const hostnameEnd = reasonEnd + view.getUint16(offset + HOSTNAME_BYTES, true);
  const end = offset + lengthAt(view, offset);
  return {
    address: readAddress(view, offset),
    client: bytes.toString('latin1', textStart, clientEnd) as ClientKey,
    hardware: view.getFloat64(offset + HARDWARE, true) as HardwareAddress,
    granter: view.getUint32(offset + GRANTER, true) as Ipv4,
    state,
    expiresAt: view.getFloat64(offset + EXPIRES_AT, true) as Instant,
    updatedAt: view.getFloat64(offset + UPDATED_AT, true) as Instant,
    leaseSeconds: hasLeaseSeconds ? view.getUint32(offset + LEASE_SECONDS, true) : 0,
    version: view.getFloat64(offset + VERSION, true),
    ids: (flags & HAS_IDS) === 0 ? undefined : idsIn(bytes, hostnameEnd, end),
    hostname: (flags & HAS_HOSTNAME) === 0 ? undefined : bytes.toString('utf8', reasonEnd, hostnameEnd),
    isRenewal: (flags & RENEWAL) !== 0,
    event: eventAt(view, offset),
    eventId: eventIdAt(view, offset),
    reason: bytes.toString('latin1', clientEnd, reasonEnd),
  };
}

function bytesOfIds(ids: OutsideIds): number {
  return ID_NAMES.reduce((bytes, name) => bytes + 1 + Buffer.byteLength(ids[name] ?? ''), 0);
}

/** Writes each id: one byte with the length of its text (0: no id), and the text in UTF-8. */
function putIds(ids: OutsideIds, bytes: Uint8Array, offset: number): number {
  let end = offset;
  for (const name of ID_NAMES) {
    const start = end + 1;
    end = putUtf8(ids[name] ?? '', bytes, start);
    bytes[start - 1] = end - start;
  }
  return end;
}

/** An older version may have written fewer ids, and a newer one more, behind ours. */
function idsIn(bytes: Buffer, start: number, end: number): OutsideIds | undefined {
  let offset = start;
  return idsFrom(() => {
    if (offset >= end) return undefined;
    const text = offset + 1;
    offset = text + (bytes[offset] ?? 0);
    return bytes.toString('utf8', text, Math.min(offset, end));
  });
}

function putText(text: string, bytes: Uint8Array, offset: number): number {
  for (let at = 0; at < text.length; at += 1) bytes[offset + at] = text.charCodeAt(at);
  return offset + text.length;
}

function putUtf8(text: string, bytes: Uint8Array, offset: number): number {
  return offset + UTF8.encodeInto(text, bytes.subarray(offset)).written;
}
