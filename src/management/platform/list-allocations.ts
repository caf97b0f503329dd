import type { Database } from 'better-sqlite3';
import type { Reservation } from '../../lease/reservation/reservation.ts';
import { hardwareToText } from '../../net/hardware-address.ts';
import { ipv4ToText } from '../../net/ipv4.ts';
import { timeOf } from '../../platform/message-type.ts';
import type { ListedLease } from '../../store/sqlite/lease-reader.ts';
import { readReservations } from '../../store/sqlite/query/read-reservations.ts';
import { searchLeases } from '../../store/sqlite/query/search-leases.ts';
import { leaseAt } from '../routes/reservation-answer.ts';
import type { PlatformCaller, PlatformParts } from './platform-parts.ts';
import { PUBLIC } from './read-fields.ts';

/** The most leases of one answer. */
const MOST = 100_000;
const BY_ADDRESS = {
  sort: 'address',
  isDescending: false,
  limit: MOST,
  after: undefined,
  facets: [],
} as const;
const RUNNING = { name: 'state', value: 'bound', isNegated: false } as const;
/** What the end of an allocation is said to be while its guest has no lease, as the older gateway does: milliseconds. */
const PLACEHOLDER = 86_400_000;

interface Wanted {
  readonly organizationId: string;
  readonly vpsId: string;
}

/** Reservations in force, each with the lease at its address. An empty member of what is wanted allows all. */
export async function listAllocations(
  { leases, now }: Pick<PlatformParts, 'leases' | 'now'>,
  { organizationId, vpsId }: Wanted,
  { signal }: PlatformCaller,
) {
  return await leases.read(async ({ database }) => {
    const isWanted = (each: Reservation) =>
      each.retiredUntil === undefined &&
      (vpsId === '' || each.vpsId === vpsId) &&
      (organizationId === '' || each.organizationId === organizationId);
    const found = await readReservations(database, isWanted, signal);
    const byAddress = found.length > 1 ? await allLeases(database, signal) : undefined;
    const allocations = [];
    for (const each of found) {
      const address = ipv4ToText(each.address);
      const lease = byAddress === undefined ? await leaseAt(database, each, signal) : byAddress.get(address);
      const [card] = each.macs;
      allocations.push({
        vpsId: each.vpsId,
        organizationId: each.organizationId ?? '',
        ipAddress: address,
        macAddress: lease?.mac ?? (card === undefined ? '' : hardwareToText(card)),
        allocatedAt: timeOf(each.createdAt),
        leaseExpires: timeOf(leaseEndOf(lease, now())),
        isPublic: each.labels[PUBLIC] === 'true',
      });
    }
    return allocations;
  });
}

/** The leases that run; of one organization or one VPS if that is wanted. */
export async function listLeases(
  { leases }: Pick<PlatformParts, 'leases'>,
  { organizationId, vpsId }: Wanted,
  { signal }: PlatformCaller,
): Promise<readonly ListedLease[]> {
  const conditions = [
    RUNNING,
    ...(organizationId === ''
      ? []
      : [{ name: 'organization_id', value: organizationId, isNegated: false } as const]),
    ...(vpsId === '' ? [] : [{ name: 'vps_id', value: vpsId, isNegated: false } as const]),
  ];
  return await leases.read(
    async ({ database }) => (await searchLeases(database, { ...BY_ADDRESS, conditions }, signal)).rows,
  );
}

/** When a lease ends: wall-clock milliseconds. */
export function leaseEndOf(lease: Pick<ListedLease, 'expires'> | null | undefined, now: number): number {
  const end =
    lease?.expires === null || lease === undefined || lease === null ? Number.NaN : Date.parse(lease.expires);
  return Number.isNaN(end) ? now + PLACEHOLDER : end;
}

async function allLeases(database: Database, signal: AbortSignal): Promise<ReadonlyMap<string, ListedLease>> {
  const { rows } = await searchLeases(database, { ...BY_ADDRESS, conditions: [RUNNING] }, signal);
  return new Map(rows.map((row) => [row.address, row]));
}
