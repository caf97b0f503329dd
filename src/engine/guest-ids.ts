import type { Lease, OutsideIds } from '../lease/lease.ts';
import type { OutsideId } from '../lease/outside-id.ts';
import { NO_IDS } from '../lease/outside-ids.ts';
import type { Reservation } from '../lease/reservation/reservation.ts';
import { guestIdIn } from '../net/bridge-port.ts';
import type { Ipv4 } from '../net/ipv4.ts';
import type { DecisionInput } from './decision/decision-input.ts';

/**
 * The ids that a lease of this address has from now on: those of the client's reservation; and by where it is plugged in the
 * port, and the platform's number of the guest, unless somebody has given a VPS id. A guest that is at another node now has no
 * port here, and is the same guest still. Undefined: nothing changes, or there is none.
 *
 * @param binding The client's.
 */
export function idsOfGuest(
  input: DecisionInput,
  address: Ipv4,
  binding: Lease | undefined,
): OutsideIds | undefined {
  const { reservation, context, client, leases } = input;
  const { port } = context;
  const isFollowing = binding?.ids?.reservationId !== undefined;
  if (port === undefined && reservation === undefined && !isFollowing) return undefined;
  const record = leases.recordAt(address);
  const before = record?.client === client ? record.ids : undefined;
  if (reservation !== undefined) return idsOfReserved(input, reservation, before);
  // Its reservation was removed, and what that said goes with it. Where there is none at all, others have written it.
  if (before?.reservationId !== undefined && !input.subnet.reservations.isEmpty)
    return idsByPort(input, undefined) ?? NO_IDS;
  return idsByPort(input, before);
}

function idsOfReserved(
  { context: { port } }: DecisionInput,
  { id, vpsId, organizationId }: Reservation,
  before: OutsideIds | undefined,
): OutsideIds {
  const name = port === undefined ? before?.port : nameOf(port);
  return {
    vpsId,
    reservationId: id,
    ...(organizationId === undefined ? {} : { organizationId }),
    ...(name === undefined ? {} : { port: name }),
  };
}

function idsByPort(
  { context: { port } }: DecisionInput,
  before: OutsideIds | undefined,
): OutsideIds | undefined {
  if (port === undefined) return undefined;
  if (port.kind !== 'guest') return before?.port === undefined ? undefined : without(before);
  const vpsId = hasVpsIdOfOthers(before) ? before?.vpsId : (port.guest?.id as OutsideId | undefined);
  if (before?.port === port.name && before.vpsId === vpsId) return undefined;
  const { vpsId: _before, ...others } = before ?? {};
  return { ...others, ...(vpsId === undefined ? {} : { vpsId }), port: port.name as OutsideId };
}

function nameOf({ kind, name }: NonNullable<DecisionInput['context']['port']>): OutsideId | undefined {
  return kind === 'guest' ? (name as OutsideId) : undefined;
}

function without({ port: _port, ...others }: OutsideIds): OutsideIds {
  return others;
}

/** False: there is none, or it was taken from the name of a port. */
function hasVpsIdOfOthers(ids: OutsideIds | undefined): boolean {
  if (ids?.vpsId === undefined) return false;
  return ids.reservationId !== undefined || ids.port === undefined || ids.vpsId !== guestIdIn(ids.port);
}
