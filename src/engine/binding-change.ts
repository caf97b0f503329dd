import type { Lease } from '../lease/lease.ts';
import type { LeaseChange, LeaseWrite } from '../lease/lease-view.ts';
import type { Ipv4 } from '../net/ipv4.ts';
import { endingWrites, recordAfterMove } from './address/peers.ts';
import type { Reason } from './decision/decision.ts';
import { type DecisionInput, isHolder, mayBeLive } from './decision/decision-input.ts';
import { changeOf, freedRecord, recordOf } from './decision/outcome.ts';
import { idsOfGuest } from './guest-ids.ts';

const NO_WRITES: readonly LeaseWrite[] = [];

/**
 * The change that binds an address to the client for so many seconds. Its binding elsewhere is freed with it: a client
 * has one address.
 */
export function bindingChange(
  input: DecisionInput,
  address: Ipv4,
  leaseSeconds: number,
  reason: Reason,
): LeaseChange {
  const binding = input.leases.bindingOf(input.client);
  const record = recordOf(input, 'bound', leaseSeconds, idsOfGuest(input, address, binding));
  return changeOf(input, 'binding', reason, [
    { address, expectedVersion: input.leases.at(address)?.version ?? 0, next: record },
    ...writesElsewhere(input, address, binding),
    ...writesOfCard(input, address),
  ]);
}

/**
 * All identifiers of a card that a reservation names are one client: what the card has under others ends when it gets its
 * reserved address.
 */
function writesOfCard(input: DecisionInput, address: Ipv4): readonly LeaseWrite[] {
  const { reservation, leases, client, message } = input;
  if (reservation?.address !== address || !reservation.macs.includes(message.hardware)) return NO_WRITES;
  return leases
    .leasesOf(message.hardware, client)
    .filter((lease) => lease.address !== address && lease.client !== client && mayEnd(input, lease))
    .flatMap((lease) => endingWrites(input, lease))
    .filter((write) => write.address !== address);
}

function mayEnd(input: DecisionInput, lease: Lease): boolean {
  return mayBeLive(input, lease) && !input.leases.isInFlight(lease.address);
}

/** RFC 2131 §4.3.1: the address is not given to others while the client may still answer the offer. */
export function offerChange(input: DecisionInput, address: Ipv4, reason: Reason): LeaseChange {
  const { now, plan, leases, client } = input;
  const record = recordOf(input, 'offered', plan.offerSeconds);
  const writes: LeaseWrite[] = [{ address, expectedVersion: leases.at(address)?.version ?? 0, next: record }];
  const other = leases.offerTo(client);
  if (other !== undefined && other.address !== address) {
    writes.push({ address: other.address, expectedVersion: other.version, next: freedRecord(other, now) });
  }
  return changeOf(input, 'offer', reason, writes);
}

/** Frees the address that the client has elsewhere, or may have still: it takes another one itself. */
function writesElsewhere(input: DecisionInput, address: Ipv4, binding: Lease | undefined): LeaseWrite[] {
  const { leases, context, now } = input;
  if (binding === undefined || binding.address === address) return [];
  if (binding.state === 'peer') {
    const expectedVersion = leases.at(binding.address)?.version ?? binding.version; // It may be on offer by now.
    return [{ address: binding.address, expectedVersion, next: recordAfterMove(binding, context, now) }];
  }
  if (!isHolder(input, binding)) return [];
  return endingWrites(input, binding).filter((write) => write.address !== address);
}
