import { ethernetOf } from '../../lease/client-key.ts';
import { later } from '../../lease/lease.ts';
import { canBeInPath, type OutsideId } from '../../lease/outside-id.ts';
import { isObject } from '../../lease/reservation/field-kinds.ts';
import { NO_PATH, readEntry } from '../../lease/reservation/read-entry.ts';
import {
  RETIRED_SECONDS,
  type Reservation,
  type ReservationEntry,
} from '../../lease/reservation/reservation.ts';
import { entryToJson } from '../../lease/reservation/reservation-fields.ts';
import { type HardwareAddress, hardwareToText, isStation } from '../../net/hardware-address.ts';
import { type Ipv4, ipv4ToText } from '../../net/ipv4.ts';
import { mayBeLive } from '../decision/decision-input.ts';
import { mergePatch } from './merge-patch.ts';
import { learnsCard, put, refused, unexpected } from './put-reservation.ts';
import { changed } from './reservation-change.ts';
import type { ReservationInput, ReservationOrder, ReservationVerdict } from './reservation-order.ts';

type OrderOf<Kind> = Extract<ReservationOrder, { kind: Kind }>;

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
    case 'learn':
      return learn(order, input);
  }
}

function patch(order: OrderOf<'patch'>, input: ReservationInput): ReservationVerdict {
  const before = inForce(order.id, input);
  if (before === undefined) return refused({ why: 'unknown' });
  const wrong = unexpected(order, before);
  if (wrong !== undefined) return refused(wrong);
  if (!isObject(order.patch))
    return refused({ why: 'invalid', problems: [{ pointer: '', detail: 'is not an object' }] });
  const read = readEntry(mergePatch(entryToJson(before), order.patch), order.id);
  if ('problems' in read) return refused({ why: 'invalid', problems: read.problems });
  const { patch: _patch, id: _id, ...rest } = order;
  // Who keeps it stays who keeps it, unless the order says otherwise.
  return put({ source: before.source, ...rest, kind: 'put', entry: read.entry }, input);
}

function remove(order: OrderOf<'remove'>, input: ReservationInput): ReservationVerdict {
  const before = inForce(order.id, input);
  if (before === undefined || !hasLabel(before, order.label)) return refused({ why: 'unknown' });
  const wrong = unexpected(order, before);
  if (wrong !== undefined) return refused(wrong);
  if (order.address !== undefined && order.address !== before.address)
    return refused({ why: 'another-address', address: before.address });
  const { now } = input;
  if (order.isFinal === true) return changed(order, input, 'reservation-removed', before, 'removed');
  const { version: _version, ...record } = before;
  const next = { ...record, updatedAt: now, retiredUntil: later(now, RETIRED_SECONDS) };
  return changed(order, input, 'reservation-removed', before, next);
}

function hasLabel({ labels }: Reservation, label: OrderOf<'remove'>['label']): boolean {
  return label === undefined || (Object.hasOwn(labels, label.name) && labels[label.name] === label.value);
}

/** The address stays what it is, so that the guest notices nothing. */
function reserveLease(order: OrderOf<'reserve-lease'>, input: ReservationInput): ReservationVerdict {
  const { leases, reservations } = input;
  const lease = leases.recordAt(order.address);
  if (lease?.state !== 'bound' || !mayBeLive(input, lease)) return refused({ why: 'not-leased' });
  const card = isStation(lease.hardware) ? lease.hardware : ethernetOf(lease.client);
  if (order.id !== undefined && !canBeInPath(order.id))
    return refused({ why: 'invalid', problems: [{ pointer: '/id', detail: NO_PATH }] });
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

function forget(order: OrderOf<'forget'>, input: ReservationInput): ReservationVerdict {
  const before = input.reservations.get(order.id);
  const isOver = before?.retiredUntil !== undefined && before.retiredUntil <= input.now;
  if (before === undefined || !isOver) return refused({ why: 'unknown' });
  return changed(order, input, 'reservation-forgotten', before, 'removed');
}

/** Only the first one: a guest may send from as many as it likes. From now on other gateways know it too, and the next process. */
function learn({ card, ...order }: OrderOf<'learn'>, input: ReservationInput): ReservationVerdict {
  const before = inForce(order.id, input);
  if (before === undefined || !learnsCard(before)) return refused({ why: 'unknown' });
  const lease = input.leases.recordAt(before.address);
  if (lease?.state !== 'bound' || lease.hardware !== card) return refused({ why: 'not-leased' });
  const { source } = before;
  return put({ ...order, kind: 'put', entry: { ...entryOf(before), macs: [card] }, source }, input);
}

function inForce(id: OutsideId, { reservations }: ReservationInput): Reservation | undefined {
  const reservation = reservations.get(id);
  return reservation?.retiredUntil === undefined ? reservation : undefined;
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
