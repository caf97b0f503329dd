import type { Lease } from '../../lease/lease.ts';
import type { Reservation, ReservationEntry } from '../../lease/reservation/reservation.ts';
import type { Ipv4 } from '../../net/ipv4.ts';
import { whyNotReservable } from '../../subnet/reservable.ts';
import { hasPeers } from '../address/peers.ts';
import { mayBeLive } from '../decision/decision-input.ts';
import type { ReservationInput } from './reservation-order.ts';

const NOBODYS: ReadonlySet<Ipv4> = new Set();

/**
 * The address of an entry that names none, or that is to adopt its guest's; the first of these that can be reserved:
 *
 * 1. what its guest has, if it is to adopt that;
 * 2. what is pinned for its id already, also since it was removed;
 * 3. what its guest has;
 * 4. the address that has been free longest.
 */
export function pickAddress(
  entry: ReservationEntry,
  adopt: boolean,
  before: Reservation | undefined,
  input: ReservationInput,
): Ipv4 | 'pool-full' | 'needs-shared-store' {
  const own = leaseOfGuest(entry, input)?.address;
  const wishes = adopt ? [own, before?.address] : [before?.address, own];
  for (const address of wishes)
    if (address !== undefined && canReserve(address, entry, input)) return address;
  // Each gateway would pick for itself.
  if (hasPeers(input) || input.plan.subnet.othersShares.length > 0) return 'needs-shared-store';
  return longestFree(input) ?? 'pool-full';
}

function longestFree({ leases, plan, context }: ReservationInput): Ipv4 | undefined {
  const others = context.clusterPeers?.live ?? NOBODYS;
  for (const pool of plan.subnet.pools) {
    const address = leases.longestFree(pool, others);
    if (address !== undefined) return address;
  }
  return undefined;
}

function canReserve(
  address: Ipv4,
  { id }: ReservationEntry,
  { plan, reservations, context }: ReservationInput,
): boolean {
  const holder = reservations.at(address);
  const isNobodys = holder === undefined || holder.id === id;
  return (
    isNobodys &&
    whyNotReservable(plan, address) === undefined &&
    context.clusterPeers?.live.has(address) !== true
  );
}

/** The newest lease that an entry's guest has by its cards, or by its client identifier. */
export function leaseOfGuest(
  { macs, clientId }: Pick<ReservationEntry, 'macs' | 'clientId'>,
  input: ReservationInput,
): Lease | undefined {
  const { leases } = input;
  const found = macs.flatMap((mac) => leases.leasesOf(mac));
  const named = clientId === undefined ? undefined : leases.bindingOf(clientId);
  if (named?.state === 'bound') found.push(named);
  return found
    .filter((lease) => mayBeLive(input, lease))
    .reduce<Lease | undefined>(
      (newest, lease) => (newest === undefined || lease.updatedAt > newest.updatedAt ? lease : newest),
      undefined,
    );
}
