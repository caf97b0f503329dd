import type { Instant } from '../lease/lease.ts';
import type { AddressUse } from '../lease/lease-view.ts';
import { type Ipv4, UNSPECIFIED } from '../net/ipv4.ts';
import type { LeaseColumns } from './lease-columns.ts';
import type { Offers } from './offers.ts';

/** The records of a lease table, and the offers over them. */
export interface TableContents {
  readonly records: LeaseColumns;
  readonly offers: Offers;
}

/**
 * The use of an address. An offer over a lease that was running when it was made is to the lease's own client: the address
 * counts as taken.
 */
export function useOf(
  { records, offers }: TableContents,
  address: Ipv4,
  slot = records.slotOf(address),
): AddressUse {
  const offer = offers.at(address);
  if (offer !== undefined) return slot < 0 || isOver(records, slot, offer.updatedAt) ? 'offered' : 'taken';
  if (slot < 0) return 'unused';
  const state = records.stateAt(slot);
  if (state === 'peer') return records.granterAt(slot) === UNSPECIFIED ? 'lapsed' : 'peer';
  return state === 'free' || state === 'declined' ? state : 'taken';
}

function isOver(records: LeaseColumns, slot: number, now: Instant): boolean {
  const state = records.stateAt(slot);
  return state === 'free' || (state !== 'peer' && records.expiresAt(slot) <= now);
}
