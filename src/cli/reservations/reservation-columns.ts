import type { Reservation, Texts } from '../../lease/reservation/reservation.ts';
import { hardwareToText } from '../../net/hardware-address.ts';
import { ipv4ToText } from '../../net/ipv4.ts';
import type { ListedLease } from '../../store/sqlite/lease-reader.ts';
import { type Column, type Output, writeDetails } from '../output/output.ts';

const WIDEST_NAME = 40;
const NARROWEST_NAME = 8;

export const RESERVATION_COLUMNS: readonly Column<Reservation>[] = [
  { heading: 'ID', cell: ({ id }) => id, least: NARROWEST_NAME },
  { heading: 'ADDRESS', cell: ({ address }) => ipv4ToText(address) },
  { heading: 'MAC', cell: firstCard },
  {
    heading: 'HOSTNAME',
    cell: ({ hostname }) => hostname,
    most: WIDEST_NAME,
    least: NARROWEST_NAME,
    spare: 1,
  },
  idle('PORT', ({ port }) => port, 2),
  { heading: 'VPS', cell: ({ vpsId }) => vpsId, isIdle: ({ id, vpsId }) => id === vpsId, spare: 3 },
  idle('RETIRED UNTIL', ({ retiredUntil }) => timeText(retiredUntil), 4),
  { heading: 'SOURCE', cell: ({ source }) => source, isIdle: ({ source }) => source === 'api', spare: 5 },
  idle('LABELS', ({ labels }) => pairs(labels), 6),
  idle('ORGANIZATION', ({ organizationId }) => organizationId, 7),
  idle('NOTE', ({ note }) => note, 8),
];

/** A column that is left out where no reservation says anything in it. */
function idle(
  heading: string,
  cell: (reservation: Reservation) => string | undefined,
  spare: number,
): Column<Reservation> {
  const isIdle = (reservation: Reservation) => cell(reservation) === undefined;
  return { heading, cell, isIdle, spare, most: WIDEST_NAME };
}

function firstCard({ macs: [first, ...others] }: Reservation): string | undefined {
  if (first === undefined) return undefined;
  return others.length === 0 ? hardwareToText(first) : `${hardwareToText(first)} +${others.length}`;
}

/** The leases that a reservation is about. */
export interface ReservationUse {
  /** What its guest has. */
  readonly leases: readonly ListedLease[];
  /** Who else has its address, or its quarantine; null: nobody. */
  readonly held_by: ListedLease | null;
}

/** All that is known of one, a line each; then what its guest has. */
export function writeReservation(
  output: Output,
  reservation: Reservation,
  { leases, held_by: heldBy }: ReservationUse,
): void {
  const { id, address, macs, clientId, circuitId, port, hostname, vpsId, organizationId } = reservation;
  const { labels, options, leaseTime, note, source, retiredUntil, createdAt, updatedAt } = reservation;
  writeDetails(output, [
    ['id', id],
    ['address', ipv4ToText(address)],
    ['mac', macs.map(hardwareToText).join(', ')],
    ...given([
      ['client id', clientId],
      ['circuit id', circuitId],
      ['port', port],
    ]),
    ['hostname', hostname],
    ['vps', vpsId],
    ['organization', organizationId],
    ...given([
      ['labels', pairs(labels)],
      ['options', pairs(options)],
      ['lease time', leaseTime === undefined ? undefined : `${leaseTime} s`],
      ['note', note],
      ['retired until', timeText(retiredUntil)],
    ]),
    ['source', source],
    ['made', timeText(createdAt)],
    ['changed', timeText(updatedAt)],
    ['its guest has', leases.map(leaseText).join('; ') || 'nothing'],
    ...given([['its address is', heldBy === null ? undefined : heldText(heldBy)]]),
  ]);
}

/** The rows that say something. */
function given(rows: readonly (readonly [string, string | undefined])[]) {
  return rows.filter(([, text]) => text !== undefined);
}

/** In quarantine it is nobody's. */
function heldText(lease: ListedLease): string {
  const { state, expires } = lease;
  if (state !== 'declined') return `another's still: ${leaseText(lease)}`;
  return `in quarantine ${expires === null ? 'without end' : `until ${expires}`}`;
}

function leaseText({ address, mac, state, expires }: ListedLease): string {
  return `${address} (${[mac, state, expires === null ? null : `until ${expires}`].filter((part) => part !== null).join(', ')})`;
}

function pairs(texts: Texts): string | undefined {
  const found = Object.entries(texts).map(([name, text]) => `${name}=${text}`);
  return found.length === 0 ? undefined : found.join(', ');
}

function timeText(time: number | undefined): string | undefined {
  return time === undefined ? undefined : new Date(time).toISOString().replace(/\.\d+Z$/, 'Z');
}
