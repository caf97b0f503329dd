import { isAvailable, type Search } from '../../allocation/search.ts';
import type { Lease } from '../../lease/lease.ts';
import { NO_HARDWARE } from '../../net/hardware-address.ts';
import type { Ipv4 } from '../../net/ipv4.ts';
import { type DecisionInput, entitlementTo, mayBeLive } from '../decision/decision-input.ts';
import { probe, silence, type Wait } from '../decision/outcome.ts';
import { isContested } from './check-unused.ts';
import type { Choice } from './choice.ts';

/** Leases of one card that are asked for because of one message; each takes as long as ARP is waited for. */
const PROBE_LIMIT = 4;

/**
 * The live leases that this very network card has under other client identifiers: the boot loader, the initial file
 * system and the system itself often name themselves differently, and some at each boot anew. The oldest comes first.
 */
function otherLeasesOfCard(input: DecisionInput): readonly Lease[] {
  const { leases, client, message, plan } = input;
  if (plan.identity !== 'auto' || message.hardware === NO_HARDWARE) return [];
  return leases
    .leasesOf(message.hardware)
    .filter((lease) => lease.client !== client && mayBeLive(input, lease))
    .sort((one, other) => one.updatedAt - other.updatedAt);
}

/**
 * True if a lease of this address would be one more than a card may have: neither a system that names itself anew at each
 * boot nor a hostile guest takes the pool.
 */
export function exceedsLeasesPerMac(input: DecisionInput, address: Ipv4): boolean {
  if (input.reservation?.address === address) return false;
  const others = otherLeasesOfCard(input);
  return isAtLimit(input, others) && !others.some((lease) => lease.address === address);
}

/** Leases outside the pool as it is now do not count: they take nothing from it, and cannot be moved along. */
function isAtLimit(input: DecisionInput, others: readonly Lease[]): boolean {
  const { leasesPerMac } = input.plan;
  if (leasesPerMac === 0 || others.length < leasesPerMac) return false;
  return others.filter(({ address }) => entitlementTo(address, input) === 'lease').length >= leasesPerMac;
}

/**
 * RFC 2131 §4.3.1: a client that the server does not know gets a new address; but not where its network card has one
 * already under another identifier. That is moved along, unless ARP shows that it is still used beside the newcomer, as
 * in containers that share a card. Undefined: the client gets an address of its own.
 */
export function moveLeaseOfCard(input: DecisionInput, search: Search): Choice | undefined {
  const others = otherLeasesOfCard(input);
  if (others.length === 0) return undefined;
  const isFull = isAtLimit(input, others);
  const last = input.leases.bindingOf(input.client);
  if (!isFull && last !== undefined && isAvailable(last.address, search)) return undefined; // It comes back for its own.
  return firstUnused(input, others) ?? (isFull ? { decision: silence('too-many-identifiers') } : undefined);
}

/** Where nobody can be asked, none is silent: two addresses for one card are the lesser evil. */
function firstUnused(input: DecisionInput, others: readonly Lease[]): Choice | undefined {
  const { context, now, plan } = input;
  if (plan.probeMilliseconds === 0) return undefined;
  for (const lease of others.filter((each) => mayMove(input, each)).slice(0, PROBE_LIMIT)) {
    const { address } = lease;
    if (!context.answers.has(address))
      return { decision: probe(address, 'asking-card', now, plan.probeMilliseconds) };
    if (context.answers.get(address) === undefined) return { address, held: 'none' };
  }
  return undefined;
}

function mayMove(input: DecisionInput, lease: Lease): boolean {
  const { address } = lease;
  if (entitlementTo(address, input) !== 'lease' || input.leases.isInFlight(address)) return false;
  return !isContested(lease, input);
}

/**
 * Whether the address that a client names is leased to its own card under another identifier, and unused. other: it is not, or it
 * is used, or nobody can be asked. wait: ARP has to be asked first.
 */
type UseOfCardLease = { readonly kind: 'unused' | 'other' } | Wait;

const UNUSED: UseOfCardLease = { kind: 'unused' };
const OTHER: UseOfCardLease = { kind: 'other' };

/** Looks for the lease of an address that a client names among those of its card. */
export function useOfCardLease(input: DecisionInput, address: Ipv4): UseOfCardLease {
  const { context, now, plan } = input;
  const lease = otherLeasesOfCard(input).find((each) => each.address === address);
  if (lease === undefined || !mayMove(input, lease) || plan.probeMilliseconds === 0) return OTHER;
  if (!context.answers.has(address)) return probe(address, 'asking-card', now, plan.probeMilliseconds);
  return context.answers.get(address) === undefined ? UNUSED : OTHER;
}
