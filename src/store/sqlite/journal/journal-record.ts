import type { ClientKey } from '../../../lease/client-key.ts';
import { HISTORY_EVENTS, type HistoryEvent } from '../../../lease/history-event.ts';
import type { Instant, Version } from '../../../lease/lease.ts';
import { STORED_STATES, type StoredState } from '../../../lease/stored-state.ts';
import type { HardwareAddress } from '../../../net/hardware-address.ts';
import type { Ipv4 } from '../../../net/ipv4.ts';

/** One write of one committed change: what becomes of a row of `lease`, and of the history. */
export interface JournalRecord {
  readonly address: Ipv4;
  readonly client: ClientKey;
  readonly hardware: HardwareAddress;
  readonly granter: Ipv4;
  readonly state: StoredState;
  readonly expiresAt: Instant;
  readonly leaseSeconds: number;
  readonly at: Instant;
  readonly version: Version;
  /** Absent: the stored one stays. */
  readonly hostname: string | undefined;
  /** Only times, MAC and version of the row change. */
  readonly isRenewal: boolean;
  /** Absent: nothing for the history. */
  readonly event: HistoryEvent | undefined;
  /** Of the history's row; 0 without one. */
  readonly eventId: number;
  readonly reason: string;
}

/**
 * Bytes of a record, all numbers little-endian: length of the whole (u32), address (u32), granter (u32), state,
 * event + 1, flags, length of the reason (u8 each), length of the client and of the host name (u16 each), then
 * hardware, expiresAt, at, version, event id (f64 each), leaseSeconds (u32), client, reason (Latin-1), host name (UTF-8).
 * A record of the first format, in which the flag is missing, has no leaseSeconds.
 */
const FIXED_BYTES = 64;
const FIRST_FIXED_BYTES = 60;
const RENEWAL = 1;
const HAS_HOSTNAME = 2;
const HAS_LEASE_SECONDS = 4;

/** Client, reason and host name are cut here; none of ours is near it. */
const MOST_TEXT = 0xffff;
const MOST_REASON = 0xff;
const UTF8 = new TextEncoder();

/** The most bytes that a record takes. */
export function bytesOf({ client, reason, hostname = '' }: JournalRecord): number {
  return FIXED_BYTES + client.length + reason.length + Buffer.byteLength(hostname);
}

/** Writes a record at an offset; returns the offset behind it. There must be room. */
export function encodeRecord(
  record: JournalRecord,
  bytes: Uint8Array,
  view: DataView,
  offset: number,
): number {
  const { client, reason, hostname = '' } = record;
  const hostnameBytes = Buffer.byteLength(hostname);
  if (client.length > MOST_TEXT || hostnameBytes > MOST_TEXT || reason.length > MOST_REASON) {
    throw new RangeError('a text of a lease is too long');
  }
  view.setUint32(offset + 4, record.address, true);
  view.setUint32(offset + 8, record.granter, true);
  bytes[offset + 12] = STORED_STATES.indexOf(record.state);
  bytes[offset + 13] = record.event === undefined ? 0 : HISTORY_EVENTS.indexOf(record.event) + 1;
  bytes[offset + 14] = flagsOf(record);
  bytes[offset + 15] = reason.length;
  view.setUint16(offset + 16, client.length, true);
  view.setUint16(offset + 18, hostnameBytes, true);
  view.setFloat64(offset + 20, record.hardware, true);
  view.setFloat64(offset + 28, record.expiresAt, true);
  view.setFloat64(offset + 36, record.at, true);
  view.setFloat64(offset + 44, record.version, true);
  view.setFloat64(offset + 52, record.eventId, true);
  view.setUint32(offset + 60, record.leaseSeconds, true);
  let end = putText(client, bytes, offset + FIXED_BYTES);
  end = putText(reason, bytes, end);
  end = hostnameBytes === hostname.length ? putText(hostname, bytes, end) : putUtf8(hostname, bytes, end);
  view.setUint32(offset, end - offset, true);
  return end;
}

function flagsOf({ isRenewal, hostname }: JournalRecord): number {
  return HAS_LEASE_SECONDS | (isRenewal ? RENEWAL : 0) | (hostname === undefined ? 0 : HAS_HOSTNAME);
}

/** How long the record at an offset is, in bytes. */
export function lengthAt(view: DataView, offset: number): number {
  return view.getUint32(offset, true);
}

export function addressAt(view: DataView, offset: number): Ipv4 {
  return view.getUint32(offset + 4, true) as Ipv4;
}

export function hasEventAt(view: DataView, offset: number): boolean {
  return view.getUint8(offset + 13) !== 0;
}

/** Undefined: nothing for the history. */
export function eventAt(view: DataView, offset: number): HistoryEvent | undefined {
  return HISTORY_EVENTS[view.getUint8(offset + 13) - 1];
}

export function eventIdAt(view: DataView, offset: number): number {
  return view.getFloat64(offset + 52, true);
}

/** Reads what `encodeRecord` wrote, of this format or the first one; its batch's checksum has been compared. */
export function decodeRecord(bytes: Buffer, view: DataView, offset: number): JournalRecord {
  const state = STORED_STATES[view.getUint8(offset + 12)];
  if (state === undefined) throw new RangeError('a state that is none');
  const flags = view.getUint8(offset + 14);
  const hasLeaseSeconds = (flags & HAS_LEASE_SECONDS) !== 0;
  const textStart = offset + (hasLeaseSeconds ? FIXED_BYTES : FIRST_FIXED_BYTES);
  const clientEnd = textStart + view.getUint16(offset + 16, true);
  const reasonEnd = clientEnd + view.getUint8(offset + 15);
  const end = reasonEnd + view.getUint16(offset + 18, true);
  return {
    address: addressAt(view, offset),
    client: bytes.toString('latin1', textStart, clientEnd) as ClientKey,
    hardware: view.getFloat64(offset + 20, true) as HardwareAddress,
    granter: view.getUint32(offset + 8, true) as Ipv4,
    state,
    expiresAt: view.getFloat64(offset + 28, true) as Instant,
    leaseSeconds: hasLeaseSeconds ? view.getUint32(offset + 60, true) : 0,
    at: view.getFloat64(offset + 36, true) as Instant,
    version: view.getFloat64(offset + 44, true),
    hostname: (flags & HAS_HOSTNAME) === 0 ? undefined : bytes.toString('utf8', reasonEnd, end),
    isRenewal: (flags & RENEWAL) !== 0,
    event: eventAt(view, offset),
    eventId: eventIdAt(view, offset),
    reason: bytes.toString('latin1', clientEnd, reasonEnd),
  };
}

function putText(text: string, bytes: Uint8Array, offset: number): number {
  for (let at = 0; at < text.length; at += 1) bytes[offset + at] = text.charCodeAt(at);
  return offset + text.length;
}

function putUtf8(text: string, bytes: Uint8Array, offset: number): number {
  return offset + UTF8.encodeInto(text, bytes.subarray(offset)).written;
}
