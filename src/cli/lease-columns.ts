import { INFINITE_SECONDS } from '../lease/lease.ts';
import { ID_NAMES, type IdName, LEASE_FIELDS } from '../lease/lease-fields.ts';
import { guestIdIn } from '../net/bridge-port.ts';
import type { ListedEvent, ListedLease } from '../store/sqlite/lease-reader.ts';
import { describeClientIdentifier } from '../wire/client-identifier.ts';
import { type Column, type Output, writeDetails } from './output/output.ts';

/** Characters of a host name in a table; `show` and --json print all of it. */
const WIDEST_NAME = 40;
/** The same on a narrow terminal. */
const NARROWEST_NAME = 8;

const OTHER_IDS = ID_NAMES.filter((name) => name !== 'vpsId');

export const SHOWN_LEASE_COLUMNS: readonly Column<ListedLease>[] = [
  { heading: 'ADDRESS', cell: (lease) => lease.address },
  { heading: 'MAC', cell: (lease) => lease.mac },
  { heading: 'HOSTNAME', cell: (lease) => lease.hostname, most: WIDEST_NAME, least: NARROWEST_NAME },
  { heading: 'STATE', cell: (lease) => lease.state },
  { heading: 'EXPIRES', cell: (lease) => lease.expires },
  { heading: 'VPS', cell: vpsOf, isIdle: (lease) => lease.vps_id === null, spare: 1 },
  { heading: 'NODE', cell: (lease) => lease.node, spare: 2 },
  { heading: 'CLIENT', cell: (lease) => lease.client, isIdle: isMacItself, spare: 3 },
  // New columns come last, so that the others keep their positions for scripts.
  ...OTHER_IDS.map((name) => idColumn(name, 4)),
];

export const EVENT_COLUMNS: readonly Column<ListedEvent>[] = [
  { heading: 'AT', cell: (event) => event.at },
  { heading: 'ADDRESS', cell: (event) => event.address },
  { heading: 'EVENT', cell: (event) => event.event },
  { heading: 'MAC', cell: (event) => event.mac },
  { heading: 'HOSTNAME', cell: (event) => event.hostname, most: WIDEST_NAME, spare: 1 },
  { heading: 'REASON', cell: (event) => event.reason, least: NARROWEST_NAME },
  { heading: 'EXPIRES', cell: (event) => event.expires, spare: 2 },
  { heading: 'NODE', cell: (event) => event.node, spare: 3 },
];

/** A column that is omitted if no lease has such an id. */
function idColumn(name: IdName, spare: number): Column<ListedLease> {
  const { listed } = LEASE_FIELDS[name];
  const heading = labelOf(name).toUpperCase();
  return { heading, cell: (lease) => lease[listed], isIdle: (lease) => lease[listed] === null, spare };
}

/**
 * Its VPS; where its reservation names none, `vps_id` is the reservation's id, which has a column of its own: then the number that
 * the name of its port tells.
 */
function vpsOf({ vps_id: vpsId, reservation_id: reservationId, port }: ListedLease): string | null {
  if (vpsId === null || vpsId !== reservationId || port === null) return vpsId;
  return guestIdIn(port) ?? vpsId;
}

/** `organization` for `organization_id`. */
function labelOf(name: IdName): string {
  return LEASE_FIELDS[name].listed.replace(/_id$/, '');
}

/** RFC 2132 §9.14: the type of the hardware, which is Ethernet's, and the address. */
function isMacItself({ client, mac }: ListedLease): boolean {
  return client === `01${mac?.replaceAll(':', '')}`;
}

/** Every field of one lease, a line each. */
export function writeLease(output: Output, lease: ListedLease): void {
  writeDetails(output, [
    ['address', lease.address],
    ['mac', lease.mac],
    ['hostname', lease.hostname],
    ['state', lease.state],
    ['since', lease.starts],
    ['expires', lease.expires],
    ['length', lengthOf(lease.lease_seconds)],
    ['updated', lease.updated],
    ['vps', vpsOf(lease)],
    ...OTHER_IDS.map((name) => [labelOf(name), lease[LEASE_FIELDS[name].listed]] as const),
    ['node', lease.node],
    ['client', lease.client],
    ['identifier', describeClientIdentifier(Buffer.from(lease.client.split('/')[0] ?? '', 'hex'))],
  ]);
}

/** In the unit of the setting: `43200 s`. */
function lengthOf(seconds: number | null): string | null {
  if (seconds === null) return null;
  return seconds === INFINITE_SECONDS ? 'without end' : `${seconds} s`;
}
