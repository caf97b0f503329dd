import type { Instant } from '../lease/lease.ts';
import type { Standing } from '../lease/lease-view.ts';
import { type Ipv4, UNSPECIFIED } from '../net/ipv4.ts';
import type { LeaseColumns } from './lease-columns.ts';
import type { Offers } from './offers.ts';

/** What stands at addresses: records, and the offers over them. */
export interface Stock {
  readonly records: LeaseColumns;
  readonly offers: Offers;
}

/** Where an address belongs. An offer over a lease that was live when it was made is the holder's own, and may not give way. */
export function standingOf(
  { records, offers }: Stock,
  address: Ipv4,
  slot = records.slotOf(address),
): Standing {
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
