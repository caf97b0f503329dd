import type { Version } from '../lease/lease.ts';
import type { LeaseChange, LeaseView } from '../lease/lease-view.ts';
import type { Turn } from './turn.ts';

/**
 * What a message's own change wrote, or its predecessor's, does not overtake it: moves up the stamps of a turn whose
 * change was committed, and of the one that waits behind it.
 */
export function moveStamps(turn: Turn, next: Turn | undefined, change: LeaseChange, leases: LeaseView): void {
  turn.revision = stampAfter(change, turn.revision, leases);
  if (next === undefined) return; // Nothing waits behind an order: it is no client's own predecessor.
  next.revision = stampAfter(change, next.revision, leases);
}

/**
 * The stamp of a message after a change by its own client was committed: moved up to what that change wrote, unless
 * something foreign was written to the client's record after the message was read, or since the commit.
 */
function stampAfter(change: LeaseChange, stamp: Version, leases: LeaseView): Version {
  if (change.expectedBindingVersion > stamp) return stamp;
  let moved = stamp;
  for (const { address, next } of change.writes) {
    if (next === 'precondition-only') continue;
    const lease = leases.at(address);
    const isOurs =
      lease !== undefined &&
      lease.client === next.client &&
      lease.state === next.state &&
      lease.expiresAt === next.expiresAt;
    if (!isOurs) return stamp;
    if (lease.version > moved) moved = lease.version;
  }
  return moved;
}
