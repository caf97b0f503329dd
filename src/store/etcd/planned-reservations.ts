import { historyReason } from '../../lease/history-reason.ts';
import type { LeaseChange } from '../../lease/lease-view.ts';
import { isOutsideId, type OutsideId } from '../../lease/outside-id.ts';
import { identitiesOf } from '../../lease/reservation/claims.ts';
import type { ReservationWrite } from '../../lease/reservation/reservation.ts';
import { type Ipv4, UNSPECIFIED } from '../../net/ipv4.ts';
import type { UnreadableKey, WhatIsWritten } from '../lease-store.ts';
import type { Compare, EtcdOperation } from './client/etcd.ts';
import { compareOnce } from './keys/compare-once.ts';
import { type Entry, type EtcdRecord, formatEntry } from './keys/entry.ts';
import { remedyFor, remedyForReservation } from './keys/foreign-text.ts';
import type { Keys } from './keys/keys.ts';
import { type IdentityChange, planIdentities } from './keys/plan-identities.ts';
import { formatReservation } from './keys/reservation-value.ts';
import type { KnownKeys } from './known-keys.ts';
import type { KnownReservations } from './known-reservations.ts';
import { MOST_OPERATIONS, operationOf, type PlannedChange, type PlannedWrite } from './planned-write.ts';

interface SegmentKeys {
  readonly keys: Keys;
  readonly known: KnownKeys;
}

/**
 * Plans a change of reservations as a transaction. It writes the key of each reservation, and into the key of its address that it
 * is reserved: the same key that a lease of the address compares and writes, so that no gateway grants what another has just
 * reserved, and none reserves what it does not know to be leased. And the keys of all that its guest is known by, so that no two
 * reservations have one card.
 *
 * @returns undefined: the change would overwrite a value that no version of the gateway has written, or is too much for etcd.
 */
export function planReservations(
  { keys, known }: SegmentKeys,
  change: LeaseChange,
  reservations: readonly ReservationWrite[],
  operationId: string,
): PlannedChange | undefined {
  if (unreadableKeyOf({ keys, known }, change) !== undefined) return undefined;
  const compare: Compare[] = [];
  const writes: PlannedWrite[] = [];
  for (const { address } of change.writes) {
    compare.push({ key: keys.ofAddress(address), modRevision: known.revisionAt(address) });
    const client = leftRecord(known, address)?.client;
    if (client !== undefined)
      compare.push({ key: keys.ofClient(client), modRevision: known.clients.revisionOf(client) });
    // Another reservation may have the address that is not known here: then its key exists, and is read by the conflict.
    const reserved = known.entryAt(address)?.reserved;
    if (isOutsideId(reserved) && !reservations.some(({ id }) => id === reserved))
      compareOnce(compare, keys.ofReservation(reserved), known.reservations.revisionOf(reserved));
  }
  for (const { id, next } of reservations) {
    const key = keys.ofReservation(id);
    compare.push({ key, modRevision: known.reservations.revisionOf(id) });
    const before = known.reservations.entryText(id);
    const reason = historyReason(change);
    const text = next === 'removed' ? undefined : formatReservation(next, operationId, reason, before);
    writes.push({ key, reservation: id, text });
  }
  const taking = identityChange(known.reservations, reservations);
  const identities = planIdentities(keys, taking, known.reservations);
  compare.push(...identities.compare);
  writes.push(...identities.writes);
  for (const { address } of change.writes) {
    const write = addressWrite({ keys, known }, address, reservations, operationId);
    if (write !== undefined) writes.push(write);
  }
  if (Math.max(compare.length, writes.length) >= MOST_OPERATIONS) return undefined;
  const failure = compare.map(({ key }): EtcdOperation => ({ kind: 'get', key }));
  const success = writes.map(operationOf);
  return { transaction: { compare, success, failure }, writes, operationId, withdrawn: [] };
}

/**
 * The first key that a change would write or rests on, and that cannot be read: of an address, of a reservation, or of the
 * reservation behind the key of a card, client identifier, circuit or port, which may have that.
 */
export function unreadableKeyOf(
  { keys, known }: SegmentKeys,
  change: WhatIsWritten,
): UnreadableKey | undefined {
  for (const { address } of change.writes) {
    const key = keys.ofAddress(address);
    const before = known.foreignAt(address);
    if (before !== undefined) return { key, remedy: remedyFor({ key, ...before }) };
  }
  const { reservations = [] } = change;
  const { identities } = known.reservations;
  const taken = [...identityChange(known.reservations, reservations).holders.keys()];
  const id = [
    ...reservations.map((write) => write.id),
    ...change.writes.map(({ address }) => known.entryAt(address)?.reserved),
    ...taken.map((identity) => identities.holderOf(identity)),
  ]
    .filter(isOutsideId)
    .find((each) => known.reservations.isForeign(each));
  if (id === undefined) return undefined;
  const key = keys.ofReservation(id);
  return { key, remedy: remedyForReservation(key, known.reservations.table.get(id)) };
}

/**
 * Who has each identity that the reservations gain or lose. Of one that is written alone also what it keeps: a key that is missing
 * is made.
 */
function identityChange(
  { table }: KnownReservations,
  reservations: readonly ReservationWrite[],
): IdentityChange {
  const holders = new Map<string, OutsideId | undefined>();
  const isAlone = reservations.length === 1;
  const changes = reservations.map(({ id, next }) => {
    const known = table.get(id);
    const before = new Set(known === undefined ? [] : identitiesOf(known));
    return { id, before, after: new Set(next === 'removed' ? [] : identitiesOf(next)) };
  });
  for (const { before, after } of changes)
    for (const identity of before) if (!after.has(identity)) holders.set(identity, undefined);
  for (const { id, before, after } of changes)
    for (const identity of after)
      if (isAlone || !before.has(identity) || holders.has(identity)) holders.set(identity, id);
  return { written: new Set(reservations.map(({ id }) => id)), holders };
}

/** The key of an address after that: with the id of its reservation, or without. Undefined: it stays as it is. */
function addressWrite(
  { keys, known }: SegmentKeys,
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
function leftRecord(known: KnownKeys, address: Ipv4): EtcdRecord | undefined {
  const record = known.entryAt(address)?.record;
  if (record?.state !== 'bound') return undefined;
  const current = known.clients.addressOf(record.client);
  return current === address || current === UNSPECIFIED ? undefined : record;
}
