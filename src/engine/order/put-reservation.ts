import { holdersOf } from '../../lease/reservation/claims.ts';
import type {
  Reservation,
  ReservationEntry,
  ReservationRecord,
  ReservationSource,
} from '../../lease/reservation/reservation.ts';
import { isSameReservation } from '../../lease/reservation/reservation-fields.ts';
import { ipv4ToText } from '../../net/ipv4.ts';
import { whyNotReservable } from '../../subnet/reservable.ts';
import type { Reason } from '../decision/decision.ts';
import { pickAddress } from './pick-address.ts';
import { changed, confirmationOf, isInForce } from './reservation-change.ts';
import type {
  HeldProblem,
  ReservationInput,
  ReservationOrder,
  ReservationRefusal,
  ReservationVerdict,
} from './reservation-order.ts';

type Put = Extract<ReservationOrder, { kind: 'put' }>;

/** Decides that an entry is to be reserved. */
export function put(order: Put, input: ReservationInput): ReservationVerdict {
  const planned = plannedPut(order, input);
  if ('refusal' in planned) return refused(planned.refusal);
  const { before, next } = planned;
  if (before !== undefined && isSameReservation(before, next))
    return { kind: 'unchanged', reservation: before, decision: confirmationOf(input, before) };
  return changed(order, input, reasonOf(before), before, next);
}

/** A reservation as it is and as it is to be. */
export interface PlannedPut {
  readonly before: Reservation | undefined;
  readonly next: ReservationRecord;
}

/** What an entry comes to, or why it is refused. */
export function plannedPut(
  order: Put,
  input: ReservationInput,
): PlannedPut | { readonly refusal: ReservationRefusal } {
  const { entry, source = 'api', adopt = false } = order;
  const { reservations, now } = input;
  const before = reservations.get(entry.id);
  const wrong = unexpected(order, before);
  if (wrong !== undefined) return { refusal: wrong };
  const address = adopt ? undefined : entry.address;
  const picked = address ?? pickAddress(entry, adopt, before, input);
  if (typeof picked === 'string') return { refusal: { why: picked } };
  const next: ReservationRecord = {
    ...entry,
    macs: keepsCard(entry, before) ? before.macs : entry.macs,
    address: picked,
    source,
    retiredUntil: undefined,
    createdAt: before?.createdAt ?? now,
    updatedAt: now,
  };
  const refusal = refusalOf(next, order, input);
  return refusal === undefined ? { before, next } : { refusal };
}

/** True for one that is by its port alone: its card is stored with it once that has its address. */
export function learnsCard({ macs, port, clientId, circuitId, source }: Reservation): boolean {
  return (
    port !== undefined &&
    macs.length === 0 &&
    clientId === undefined &&
    circuitId === undefined &&
    source !== 'file'
  );
}

/** An entry that is by its port alone says nothing of the card that was learnt there. */
function keepsCard(entry: ReservationEntry, before: Reservation | undefined): before is Reservation {
  const { macs, port, clientId, circuitId } = entry;
  const isByPort =
    port !== undefined && macs.length === 0 && clientId === undefined && circuitId === undefined;
  return isByPort && isInForce(before) && before?.port === port && before.macs.length === 1;
}

function reasonOf(before: Reservation | undefined): Reason {
  return isInForce(before) ? 'reservation-changed' : 'reserved-by-operator';
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
export function unexpected(
  order: Pick<ReservationOrder, 'expectedVersion'> & { readonly source?: ReservationSource },
  before: Reservation | undefined,
): ReservationRefusal | undefined {
  const version = before === undefined || before.retiredUntil !== undefined ? 0 : before.version;
  const { expectedVersion, source } = order;
  if (expectedVersion !== undefined && expectedVersion !== version)
    return { why: 'another-version', version };
  const isOfFile = before?.source === 'file' && before.retiredUntil === undefined;
  return isOfFile && source !== 'file' ? { why: 'of-settings-file', id: before.id } : undefined;
}

/** Nothing is changed. */
export function refused(refusal: ReservationRefusal): ReservationVerdict {
  return { kind: 'refused', refusal };
}
