import { historyReason } from '../../lease/history-reason.ts';
import type { LeaseChange } from '../../lease/lease-view.ts';
import type { ReservationWrite } from '../../lease/reservation/reservation.ts';
import { type Ipv4, UNSPECIFIED } from '../../net/ipv4.ts';
import type { Compare, Operation } from './client/etcd.ts';
import { type Claim, type Entry, formatEntry } from './keys/entry.ts';
import type { Keys } from './keys/keys.ts';
import { formatReservation } from './keys/reservation-value.ts';
import type { KnownKeys } from './known-keys.ts';
import type { PlannedChange, PlannedWrite } from './planned-write.ts';

interface Author {
  readonly keys: Keys;
  readonly known: KnownKeys;
}

/**
 * Plans a change of reservations as a transaction. It writes the key of each reservation, and into the key of its address that it
 * is reserved: the same key that a lease of the address compares and writes, so that no gateway grants what another has just
 * reserved, and none reserves what it does not know to be leased.
 *
 * @returns undefined: the change would overwrite a value that no version of the gateway has written.
 */
export function planReservations(
  { keys, known }: Author,
  change: LeaseChange,
  reservations: readonly ReservationWrite[],
  operationId: string,
): PlannedChange | undefined {
  const compare: Compare[] = [];
  const writes: PlannedWrite[] = [];
  for (const { address } of change.writes) {
    if (known.isForeign(address)) return undefined;
    compare.push({ key: keys.ofAddress(address), modRevision: known.revisionAt(address) });
    const client = leftRecord(known, address)?.client;
    if (client !== undefined)
      compare.push({ key: keys.ofClient(client), modRevision: known.revisionOf(client) });
  }
  for (const { id, next } of reservations) {
    if (known.reservations.isForeign(id)) return undefined;
    const key = keys.ofReservation(id);
    compare.push({ key, modRevision: known.reservations.revisionOf(id) });
    const before = known.reservations.textOf(id);
    const reason = historyReason(change);
    const text = next === 'removed' ? undefined : formatReservation(next, operationId, reason, before);
    writes.push({ key, reservation: id, text });
  }
  for (const { address } of change.writes) {
    const write = addressWrite({ keys, known }, address, reservations, operationId);
    if (write !== undefined) writes.push(write);
  }
  const failure = compare.map(({ key }): Operation => ({ kind: 'get', key }));
  const success = writes.map(
    ({ key, text }: { key: string; text?: string | undefined }): Operation =>
      text === undefined ? { kind: 'delete', key } : { kind: 'put', key, value: Buffer.from(text) },
  );
  return { transaction: { compare, success, failure }, writes, operationId, withdrawn: [] };
}

/** The key of an address after that: with the id of its reservation, or without. Undefined: it stays as it is. */
function addressWrite(
  { keys, known }: Author,
  address: Ipv4,
  reservations: readonly ReservationWrite[],
  operationId: string,
): PlannedWrite | undefined {
  const key = keys.ofAddress(address);
  const left = leftRecord(known, address);
  const found = known.entryAt(address);
  const before =
    found === undefined || left === undefined
      ? found
      : { ...found, record: { ...left, state: 'free' as const, reason: 'expired' } };
  const holder = reservations.find(({ next }) => next !== 'removed' && next.address === address);
  if (holder !== undefined) {
    // Written also where it says so already: a lease that was decided by the reservation as it was conflicts.
    const entry: Entry = { ...(before ?? { op: operationId }), reserved: holder.id };
    return { key, address, entry, text: formatEntry(entry) };
  }
  if (before === undefined || !reservations.some(({ id }) => id === before.reserved)) return undefined;
  // The key stays, also without a record: by its revision a gateway that was away knows that etcd was not restored.
  const { reserved: _reserved, ...entry } = { ...before, op: operationId };
  return { key, address, entry, text: formatEntry(entry) };
}

/**
 * The record at an address whose client has moved on since its lease here was over, though nobody has ended that yet. Written
 * again as it is, it would be the newest that names the client. Undefined: there is none.
 */
function leftRecord(known: KnownKeys, address: Ipv4): Claim | undefined {
  const record = known.entryAt(address)?.record;
  if (record?.state !== 'bound') return undefined;
  const current = known.addressOf(record.client);
  return current === address || current === UNSPECIFIED ? undefined : record;
}
