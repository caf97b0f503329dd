import type { Version } from '../lease/lease.ts';
import type { LeaseChange, LeaseView } from '../lease/lease-view.ts';
import type { PendingMessage } from './pending.ts';

/**
 * A message's own change was committed: what that has written is no newer than this message, nor than the one of the
 * same sender that waits behind it. For each of them the revision at which it was read becomes that of the write,
 * unless something foreign was written to the client's record after the message was read, or since the commit.
 */
export function advanceRevision(message: PendingMessage, change: LeaseChange, leases: LeaseView): void {
  const { readRevision } = message;
  if (change.expectedBindingVersion > readRevision) return;
  let newest: Version = readRevision;
  for (const { address, next } of change.writes) {
    if (next === 'precondition-only') continue;
    const lease = leases.at(address);
    const isOurs =
      lease !== undefined &&
      lease.client === next.client &&
      lease.state === next.state &&
      lease.expiresAt === next.expiresAt;
    if (!isOurs) return;
    if (lease.version > newest) newest = lease.version;
  }
  message.advanceRevision(newest);
}
