import type { Reservation } from '../../lease/reservation/reservation.ts';
import { reservationToJson } from '../../lease/reservation/reservation-fields.ts';
import { hardwareToText, NO_HARDWARE } from '../../net/hardware-address.ts';
import { ipv4ToText } from '../../net/ipv4.ts';
import type { AddressHolder } from '../../store/sqlite/query/address-holder.ts';
import type { LeaseCondition, LeaseConditionName } from '../../store/sqlite/query/lease-conditions.ts';
import type { Facet, LeaseSort } from '../../store/sqlite/query/lease-search.ts';

/** What the address of a reservation is called that nobody has. */
export const IDLE = 'reserved-idle';

/** What the address of a reservation is now, and which node's lease it is. */
export interface ReservationStanding {
  readonly state: typeof IDLE | AddressHolder['state'];
  readonly node: string | null;
}

export const IDLE_STANDING: ReservationStanding = { state: IDLE, node: null };

type Compare = (reservation: Reservation, value: string, standing: () => ReservationStanding) => boolean;

/** What a reservation is compared by, as a lease is. */
const COMPARED: Readonly<Record<LeaseConditionName, Compare>> = {
  address: ({ address }, value) => String(address) === value,
  mac: ({ macs }, value) => macs.some((mac) => String(mac) === value),
  client: ({ clientId }, value) => clientId === value,
  hostname: ({ hostname = '' }, value) => hostname.toLowerCase().includes(value.toLowerCase()),
  vps_id: ({ vpsId }, value) => vpsId === value,
  organization_id: ({ organizationId = '' }, value) => organizationId === value,
  reservation_id: ({ id }, value) => id === value,
  state: (_, value, standing) => standing().state === value,
  node: (_, value, standing) => standing().node === value,
  port: ({ port }, value) => port === value,
  q: (reservation, value) => searchedText(reservation).includes(value.toLowerCase()),
};

/** @param standing Asked for only where a condition is about it. */
export function isFound(
  reservation: Reservation,
  conditions: readonly LeaseCondition[],
  standing: () => ReservationStanding,
): boolean {
  return conditions.every(
    ({ name, value, orValues = [], isNegated }) =>
      [value, ...orValues].some((each) => COMPARED[name](reservation, String(each), standing)) !== isNegated,
  );
}

export function sortKeyOf(reservation: Reservation, sort: LeaseSort): string | number {
  const { address, macs, hostname = '', vpsId, createdAt, updatedAt } = reservation;
  const keys: Readonly<Record<LeaseSort, string | number>> = {
    address,
    mac: macs[0] ?? NO_HARDWARE,
    hostname: hostname.toLowerCase(),
    state: IDLE,
    starts: createdAt,
    expires: 0,
    updated: updatedAt,
    vps_id: vpsId,
    node: '',
  };
  return keys[sort];
}

export function facetOf(
  { organizationId }: Reservation,
  facet: Facet,
  standing: () => ReservationStanding,
): string {
  if (facet === 'organization_id') return organizationId ?? '';
  return standing()[facet] ?? '';
}

/** As a row of a list of leases. */
export function listedRowOf(reservation: Reservation) {
  const { address, macs, hostname, vpsId, organizationId, id, port, createdAt, updatedAt } = reservation;
  const [mac] = macs;
  return {
    address: ipv4ToText(address),
    mac: mac === undefined ? null : hardwareToText(mac),
    hostname: hostname ?? null,
    starts: new Date(createdAt).toISOString(),
    expires: null,
    updated: new Date(updatedAt).toISOString(),
    vps_id: vpsId,
    node: null,
    client: null,
    lease_seconds: null,
    reservation_id: id,
    organization_id: organizationId ?? null,
    port: port ?? null,
  };
}

function searchedText(reservation: Reservation): string {
  return Object.values(reservationToJson(reservation))
    .map((value) => (typeof value === 'string' ? value : JSON.stringify(value)))
    .join('\n')
    .toLowerCase();
}
