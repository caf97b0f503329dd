import { type ClientKey, keyOfClone, keyOfEthernet } from '../../lease/client-key.ts';
import { INFINITE_SECONDS, type Instant, type Lease, NEVER, type OutsideIds } from '../../lease/lease.ts';
import type { LeaseChange, OrderedBy } from '../../lease/lease-view.ts';
import type { HardwareAddress } from '../../net/hardware-address.ts';
import { type Ipv4, ipv4ToText } from '../../net/ipv4.ts';
import { mayHave } from '../../subnet/may-have.ts';
import { refusedAddress } from '../../subnet/reservable.ts';
import type { Decision } from '../decision/decision.ts';
import { mayBeLive } from '../decision/decision-input.ts';
import type { OrderInput } from '../operator-order.ts';

/** A lease that another server has given, to be taken over as it is. */
export interface LeaseImport extends OrderedBy {
  readonly address: Ipv4;
  /** Option 61, as a key; absent: the client has sent none, or one of less than two octets. */
  readonly identifier?: ClientKey;
  readonly hardware: HardwareAddress;
  /** NEVER: a lease without end. */
  readonly expiresAt: Instant;
  readonly hostname?: string;
  /** True: nothing is written; the verdict is what it would be. */
  readonly isDryRun?: boolean;
}

/** Why a lease is not taken over. `cannot-promise`: nothing can be stored now. */
export type ImportRefusal =
  | { readonly why: 'cannot-promise' | 'over' | 'granted-by-peer' }
  | { readonly why: 'not-a-guest-address'; readonly detail: string }
  | { readonly why: 'reserved'; readonly reservation: string }
  | { readonly why: 'quarantined'; readonly until: Instant }
  /** Another client has the address. */
  | { readonly why: 'leased'; readonly holder: HardwareAddress; readonly until: Instant }
  /** The client has another address. */
  | { readonly why: 'has-another'; readonly address: Ipv4; readonly until: Instant };

/**
 * taken: it is written. known: the client has the lease here already, and as long. refused: nothing changes.
 * endsOutside: the address is in no pool, so the guest keeps it until the lease ends, and no longer.
 */
export type ImportVerdict =
  | { readonly kind: 'taken'; readonly decision: Decision; readonly endsOutside: boolean }
  | { readonly kind: 'known' }
  | { readonly kind: 'refused'; readonly refusal: ImportRefusal };

/**
 * Pure, like the decision about a message. A lease is taken over only where nobody else holds the address here and its client
 * has no other; it is written as of its own client, so that the client's next DHCPREQUEST finds it (RFC 2131 §4.3.2).
 */
export function decideImport(order: LeaseImport, input: OrderInput): ImportVerdict {
  const { leases, now, plan, context } = input;
  const { address, hardware, expiresAt } = order;
  if (!leases.canPromise) return refused({ why: 'cannot-promise' });
  if (expiresAt <= now) return refused({ why: 'over' });
  const client = clientOf(order, input);
  const current = leases.recordAt(address);
  // First of all: an address that is reserved for another one by now is still leased to its guest.
  if (current !== undefined && hasAsLong(current, client, expiresAt)) return { kind: 'known' };
  const entitlement =
    context.clusterPeers?.live.has(address) === true
      ? 'nothing'
      : mayHave(plan.subnet, { client, hardware }, address);
  if (entitlement === 'nothing')
    return refused({ why: 'not-a-guest-address', detail: whyNot(input, address) });
  if (entitlement === 'reserved')
    return refused({ why: 'reserved', reservation: plan.subnet.reservations.at(address)?.id ?? '' });
  const held = current === undefined ? undefined : heldByOther(current, client, input);
  if (held !== undefined) return refused(held);
  const binding = leases.bindingOf(client);
  if (binding?.state === 'bound' && binding.address !== address && mayBeLive(input, binding))
    return refused({ why: 'has-another', address: binding.address, until: binding.expiresAt });
  return {
    kind: 'taken',
    decision: taken(order, client, input),
    endsOutside: entitlement === 'keep-until-end',
  };
}

/**
 * The client that will ask for the lease again, as the engine will know it: by its MAC alone where the settings say so; with
 * its MAC behind the identifier where another card has a lease under that.
 */
function clientOf({ identifier, hardware }: LeaseImport, input: OrderInput): ClientKey {
  const { plan, leases } = input;
  const ofCard = keyOfEthernet(hardware);
  if (identifier === undefined || plan.identity === 'mac') return ofCard;
  if (plan.subnet.reservations.ofHardware(hardware) !== undefined) {
    const [own] = leases.leasesOf(hardware).filter((lease) => mayBeLive(input, lease));
    if (own !== undefined) return own.client;
  }
  if (plan.identity === 'client-id' || identifier === ofCard) return identifier;
  const binding = leases.bindingOf(identifier);
  const isAnothers = binding?.state === 'bound' && binding.hardware !== hardware && mayBeLive(input, binding);
  return isAnothers ? keyOfClone(identifier, hardware) : identifier;
}

/** True if the client has the lease, and not for less time. What is imported ends later than now, so the lease does too. */
function hasAsLong(current: Lease, client: ClientKey, expiresAt: Instant): boolean {
  return isOwn(current, client) && current.expiresAt >= expiresAt;
}

function isOwn({ state, client: holder }: Lease, client: ClientKey): boolean {
  return state === 'bound' && holder === client;
}

function heldByOther(current: Lease, client: ClientKey, input: OrderInput): ImportRefusal | undefined {
  const { state, hardware: holder, expiresAt: until } = current;
  if (isOwn(current, client) || !mayBeLive(input, current)) return undefined;
  if (state === 'peer') return { why: 'granted-by-peer' };
  return state === 'declined' ? { why: 'quarantined', until } : { why: 'leased', holder, until };
}

/** What is left of the lease is its length here: nothing of it is added or lost. */
function taken(order: LeaseImport, client: ClientKey, input: OrderInput): Decision {
  const { address, hardware, expiresAt, hostname, author, note } = order;
  const { leases, now } = input;
  const leaseSeconds = expiresAt === NEVER ? INFINITE_SECONDS : Math.ceil((expiresAt - now) / 1000);
  const ids = idsOf(order, client, input);
  const change: LeaseChange = {
    kind: 'binding',
    client,
    expectedBindingVersion: leases.bindingOf(client)?.version ?? 0,
    writes: [
      {
        address,
        expectedVersion: leases.at(address)?.version ?? 0,
        next: { client, hardware, state: 'bound', expiresAt, leaseSeconds, hostname, ids },
      },
    ],
    at: now,
    reason: 'imported-by-operator',
    by: note === undefined ? { author } : { author, note },
  };
  return { kind: 'silence', reason: 'imported-by-operator', change };
}

function idsOf(
  { hardware }: LeaseImport,
  client: ClientKey,
  { plan: { subnet } }: OrderInput,
): OutsideIds | undefined {
  const reservation = subnet.reservations.of({ client, hardware });
  if (reservation === undefined) return undefined;
  const { id, vpsId, organizationId } = reservation;
  return { vpsId, reservationId: id, ...(organizationId === undefined ? {} : { organizationId }) };
}

function whyNot({ plan }: OrderInput, address: Ipv4): string {
  return refusedAddress(plan, address) ?? `${ipv4ToText(address)} is the address of a gateway`;
}

function refused(refusal: ImportRefusal): ImportVerdict {
  return { kind: 'refused', refusal };
}
