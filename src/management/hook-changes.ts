import { hardwareToText, NO_HARDWARE } from '../net/hardware-address.ts';
import { ipv4ToText, UNSPECIFIED } from '../net/ipv4.ts';
import { GuestNames, labelOf } from '../reporting/guest-names.ts';
import type { SharedEvent } from '../reporting/shared-events.ts';
import type { ListedLease } from '../store/sqlite/lease-reader.ts';
import { leasesAtAddresses, leasesCalled } from '../store/sqlite/query/named-leases.ts';
import { readReservations } from '../store/sqlite/query/read-reservations.ts';
import { type Change, hookEventOf } from './hooks/change.ts';
import type { LeaseReading } from './http/lease-reading.ts';

/** How long the lease file is read at most: milliseconds. */
const LONGEST = 5000;

/**
 * The changes with what the lease file says of their leases now. Where a lease has become another guest's since, what that
 * one has is not said of this one; a later change tells it.
 */
export async function hookChanges(
  leases: LeaseReading,
  events: readonly SharedEvent[],
  now: number,
): Promise<readonly Change[]> {
  if (events.length === 0) return [];
  return await leases.read(async ({ database }) => {
    const addresses = new Set(events.map(({ address }) => address));
    const rows = new Map(leasesAtAddresses(database, [...addresses]).map((lease) => [lease.address, lease]));
    const labels = new Set([...rows.values()].flatMap(labelsOf));
    const signal = AbortSignal.timeout(LONGEST);
    const rivals = await leasesCalled(database, labels, now, signal);
    const names = new GuestNames(rivals, await readReservations(database, () => true, signal));
    return events.map((event) => changeOf(event, rows.get(ipv4ToText(event.address)), names));
  });
}

/** What its guest may be called: its own word, also with the end of its address behind it. */
function labelsOf({ address, hostname }: ListedLease): readonly string[] {
  const label = hostname === null ? undefined : labelOf(hostname);
  return label === undefined ? [] : [label, `${label}-${address.split('.').slice(2).join('-')}`];
}

function changeOf(event: SharedEvent, row: ListedLease | undefined, names: GuestNames): Change {
  const word = hookEventOf(event) ?? 'granted';
  const lease = row?.client === event.client ? row : undefined;
  const isRunning = (word === 'granted' || word === 'moved') && lease?.state === 'bound';
  const all = isRunning ? names.of(lease) : [];
  const hasEnd = isRunning || (word === 'quarantined' && row?.state === 'declined');
  return {
    event: word,
    reason: event.reason,
    at: new Date(event.at).toISOString(),
    address: ipv4ToText(event.address),
    previous_address: event.previous === UNSPECIFIED ? null : ipv4ToText(event.previous),
    mac: event.hardware === NO_HARDWARE ? null : hardwareToText(event.hardware),
    client: event.client,
    name: all[0] ?? null,
    names: all,
    expires: hasEnd ? (row?.expires ?? null) : null,
    ...{ vps_id: lease?.vps_id ?? null, organization_id: lease?.organization_id ?? null },
    ...{ reservation_id: lease?.reservation_id ?? null, port: lease?.port ?? null },
  };
}
