import type { OutsideIds } from '../lease/lease.ts';
import type { OutsideId } from '../lease/outside-id.ts';
import { guestIdIn } from '../net/bridge-port.ts';
import type { Ipv4 } from '../net/ipv4.ts';
import type { DecisionInput } from './decision/decision-input.ts';

/**
 * The ids that a lease of this address has from now on, by where the client is plugged in: the port, and the platform's
 * number of the guest, unless somebody has given a VPS id. A guest that is at another node now has no port here, and
 * is the same guest still. Undefined: nothing changes, or it is not known where the client is.
 */
export function idsOfGuest(
  { leases, client, context }: DecisionInput,
  address: Ipv4,
): OutsideIds | undefined {
  const { port } = context;
  if (port === undefined) return undefined;
  const record = leases.recordAt(address);
  const before = record?.client === client ? record.ids : undefined;
  if (port.kind !== 'guest') return before?.port === undefined ? undefined : without(before);
  const vpsId = hasVpsIdOfOthers(before) ? before?.vpsId : (port.guest?.id as OutsideId | undefined);
  if (before?.port === port.name && before.vpsId === vpsId) return undefined;
  const { vpsId: _before, ...others } = before ?? {};
  return { ...others, ...(vpsId === undefined ? {} : { vpsId }), port: port.name as OutsideId };
}

function without({ port: _port, ...others }: OutsideIds): OutsideIds {
  return others;
}

/** False: there is none, or it was taken from the name of a port. */
function hasVpsIdOfOthers(ids: OutsideIds | undefined): boolean {
  if (ids?.vpsId === undefined) return false;
  return ids.reservationId !== undefined || ids.port === undefined || ids.vpsId !== guestIdIn(ids.port);
}
