import { ethernetOf, keyOfClone, OPERATOR } from '../../lease/client-key.ts';
import { later } from '../../lease/lease.ts';
import type { LeaseChange } from '../../lease/lease-view.ts';
import type { OutsideId } from '../../lease/outside-id.ts';
import { holdersOf } from '../../lease/reservation/claims.ts';
import { isObject } from '../../lease/reservation/field-kinds.ts';
import { readEntry } from '../../lease/reservation/read-entry.ts';
import {
  RETIRED_SECONDS,
  type Reservation,
  type ReservationEntry,
  type ReservationRecord,
  type ReservationWrite,
} from '../../lease/reservation/reservation.ts';
import { entryToJson, isSameReservation } from '../../lease/reservation/reservation-fields.ts';
import { type HardwareAddress, hardwareToText, isStation } from '../../net/hardware-address.ts';
import { type Ipv4, ipv4ToText } from '../../net/ipv4.ts';
import { whyNotReservable } from '../../subnet/reservable.ts';
import type { Reason } from '../decision/decision.ts';
import { mayBeLive } from '../decision/decision-input.ts';
import { mergePatch } from './merge-patch.ts';
import { pickAddress } from './pick-address.ts';
import type {
  HeldProblem,
  ReservationInput,
  ReservationOrder,
  ReservationRefusal,
  ReservationVerdict,
} from './reservation-order.ts';

type Put = Extract<ReservationOrder, { kind: 'put' }>;
type Order<Kind> = Extract<ReservationOrder, { kind: Kind }>;

/** Pure, like the decision about a message. */
export function decideReservation(order: ReservationOrder, input: ReservationInput): ReservationVerdict {
  if (!input.leases.canPromise) return refused({ why: 'cannot-promise' });
  switch (order.kind) {
    case 'put':
      return put(order, input);
    case 'patch':
      return patch(order, input);
    case 'remove':
      return remove(order, input);
    case 'reserve-lease':
      return reserveLease(order, input);
    case 'forget':
      return forget(order, input);
  }
}

function put(order: Put, input: ReservationInput): ReservationVerdict {
  const { entry, source = 'api', adopt = false } = order;
  const { reservations, now } = input;
  const before = reservations.get(entry.id);
  const wrong = unexpected(order, before);
  if (wrong !== undefined) return refused(wrong);
  const address = adopt ? undefined : entry.address;
  const picked = address ?? pickAddress(entry, adopt, before, input);
  if (typeof picked === 'string') return refused({ why: picked });
  const next: ReservationRecord = {
    ...entry,
    address: picked,
    source,
    retiredUntil: undefined,
    createdAt: before?.createdAt ?? now,
    updatedAt: now,
  };
  const refusal = refusalOf(next, order, input);
  if (refusal !== undefined) return refused(refusal);
  if (before !== undefined && isSameReservation(before, next))
    return { kind: 'unchanged', reservation: before };
  const isNew = before === undefined || before.retiredUntil !== undefined;
  return changed(order, input, isNew ? 'reserved-by-operator' : 'reservation-changed', before, next);
}

function patch(order: Order<'patch'>, input: ReservationInput): ReservationVerdict {
  const before = inForce(order.id, input);
  if (before === undefined) return refused({ why: 'unknown' });
  if (!isObject(order.patch))
    return refused({ why: 'invalid', problems: [{ pointer: '', detail: 'is not an object' }] });
  const read = readEntry(mergePatch(entryToJson(before), order.patch), order.id);
  if ('problems' in read) return refused({ why: 'invalid', problems: read.problems });
  const { patch: _patch, id: _id, ...rest } = order;
  return put({ ...rest, kind: 'put', entry: read.entry }, input);
}

function remove(order: Order<'remove'>, input: ReservationInput): ReservationVerdict {
  const before = inForce(order.id, input);
  if (before === undefined) return refused({ why: 'unknown' });
  const wrong = unexpected(order, before);
  if (wrong !== undefined) return refused(wrong);
  if (order.address !== undefined && order.address !== before.address)
    return refused({ why: 'another-address', address: before.address });
  const { now } = input;
  const { version: _version, ...record } = before;
  const next = { ...record, updatedAt: now, retiredUntil: later(now, RETIRED_SECONDS) };
  return changed(order, input, 'reservation-removed', before, next);
}

/** The address stays what it is, so that the guest notices nothing. */
function reserveLease(order: Order<'reserve-lease'>, input: ReservationInput): ReservationVerdict {
  const { leases, reservations } = input;
  const lease = leases.recordAt(order.address);
  if (lease?.state !== 'bound' || !mayBeLive(input, lease)) return refused({ why: 'not-leased' });
  const card = isStation(lease.hardware) ? lease.hardware : ethernetOf(lease.client);
  const id = order.id ?? lease.ids?.vpsId ?? idOf(card, order.address);
  const known = reservations.get(id);
  const { kind: _kind, id: _id, hostname, address, ...rest } = order;
  const entry: ReservationEntry = {
    ...(known === undefined || known.retiredUntil !== undefined ? emptyEntry(id) : known),
    address,
    ...(isStation(card) ? { macs: withCard(known, card) } : { clientId: lease.client }),
    ...(hostname === undefined ? {} : { hostname }),
  };
  return put({ ...rest, kind: 'put', entry: entryOf(entry) }, input);
}

function forget(order: Order<'forget'>, input: ReservationInput): ReservationVerdict {
  const before = input.reservations.get(order.id);
  const isOver = before?.retiredUntil !== undefined && before.retiredUntil <= input.now;
  if (before === undefined || !isOver) return refused({ why: 'unknown' });
  return changed(order, input, 'reservation-forgotten', before, 'removed');
}

/** Why a reservation cannot be as it is to be: its address is no guest's, or another one has what it claims. */
function refusalOf(
  next: ReservationRecord,
  order: Put,
  input: ReservationInput,
): ReservationRefusal | undefined {
  const { plan, reservations, context } = input;
  const isGateways = context.clusterPeers?.live.has(next.address) === true;
  const why = isGateways ? 'is the address of a gateway' : whyNotReservable(plan, next.address);
  if (why !== undefined) {
    const detail = `${ipv4ToText(next.address)} ${why}`;
    return { why: 'not-allowed', problems: [{ pointer: '/address', detail }] };
  }
  const holders = holdersOf(next, reservations).filter(({ holder }) => order.beside?.has(holder.id) !== true);
  if (holders.length === 0) return undefined;
  return { why: 'held', problems: holders.map(({ member, holder }) => heldProblem(member, holder)) };
}

function heldProblem(member: string, holder: Reservation): HeldProblem {
  const { id, retiredUntil } = holder;
  const kept = retiredUntil === undefined ? undefined : new Date(retiredUntil).toISOString();
  const detail =
    kept === undefined ? `belongs to the reservation ${id}` : `is kept for the id ${id} until ${kept}`;
  return { pointer: `/${member}`, detail, holder: id };
}

/** What is not as the order expects it. */
function unexpected(
  { expectedVersion }: ReservationOrder,
  before: Reservation | undefined,
): ReservationRefusal | undefined {
  const version = before === undefined || before.retiredUntil !== undefined ? 0 : before.version;
  if (expectedVersion !== undefined && expectedVersion !== version)
    return { why: 'another-version', version };
  return before?.source === 'file' ? { why: 'of-settings-file' } : undefined;
}

function inForce(id: OutsideId, { reservations }: ReservationInput): Reservation | undefined {
  const reservation = reservations.get(id);
  return reservation?.retiredUntil === undefined ? reservation : undefined;
}

function changed(
  order: ReservationOrder,
  input: ReservationInput,
  reason: Reason,
  before: Reservation | undefined,
  next: ReservationWrite['next'],
): ReservationVerdict {
  const { author, note, isDryRun = false } = order;
  const { leases, now } = input;
  const id = before?.id ?? (next === 'removed' ? undefined : next.id);
  if (id === undefined) throw new Error('a reservation without an id');
  const addresses = new Set([next === 'removed' ? undefined : next.address, before?.address]);
  const change: LeaseChange = {
    kind: 'binding',
    client: keyOfReservation(id),
    expectedBindingVersion: 0,
    writes: [...addresses]
      .filter((address) => address !== undefined)
      .map((address) => ({
        address,
        expectedVersion: leases.at(address)?.version ?? 0,
        next: 'precondition-only',
      })),
    reservations: [{ id, expectedVersion: before?.version ?? 0, next }],
    at: now,
    reason,
    by: note === undefined ? { author } : { author, note },
  };
  const isNew = before === undefined || before.retiredUntil !== undefined;
  const address = next === 'removed' ? before?.address : next.address;
  const decision = isDryRun
    ? ({ kind: 'silence', reason } as const)
    : ({ kind: 'silence', reason, change } as const);
  return { kind: 'change', decision, id, isNew, address: address as Ipv4 };
}

/** What locks the orders about one id. No client has such a key: the identifier before its card would be of one byte. */
function keyOfReservation(id: OutsideId) {
  let hash = 7;
  for (let at = 0; at < id.length; at += 1) hash = (hash * 31 + id.charCodeAt(at)) % 0x1_0000_0000_0000;
  return keyOfClone(OPERATOR, hash as HardwareAddress);
}

function idOf(card: HardwareAddress, address: Ipv4): OutsideId {
  return (isStation(card) ? hardwareToText(card) : ipv4ToText(address)) as OutsideId;
}

function withCard(known: Reservation | undefined, card: HardwareAddress): readonly HardwareAddress[] {
  const macs = known?.retiredUntil === undefined ? (known?.macs ?? []) : [];
  return macs.includes(card) ? macs : [...macs, card];
}

function emptyEntry(id: OutsideId): ReservationEntry {
  return {
    ...{ id, vpsId: id, address: undefined, macs: [], labels: {}, options: {} },
    ...{ clientId: undefined, circuitId: undefined, port: undefined, hostname: undefined },
    ...{ organizationId: undefined, leaseTime: undefined, note: undefined },
  };
}

/** The members of an entry alone. */
function entryOf(entry: ReservationEntry): ReservationEntry {
  const { id, address, macs, clientId, circuitId, port, hostname, vpsId, organizationId } = entry;
  const { labels, options, leaseTime, note } = entry;
  return {
    ...{ id, address, macs, clientId, circuitId, port, hostname, vpsId, organizationId },
    ...{ labels, options, leaseTime, note },
  };
}

function refused(refusal: ReservationRefusal): ReservationVerdict {
  return { kind: 'refused', refusal };
}
