import type { Version } from '../../lease/lease.ts';
import type { LeaseChange, LeaseView } from '../../lease/lease-view.ts';
import type { PendingMessage } from './pending.ts';

/**
 * Called when a message's own change was committed. Its write must not make the message look old, nor the next message of
 * the same sender that waits behind it. So the revision at which each of them was read becomes that of the write. That is
 * not done if another change was written to the client's record after the message was read, or since the commit.
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
