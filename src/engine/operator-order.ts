import { OPERATOR } from '../lease/client-key.ts';
import { type Lease, later } from '../lease/lease.ts';
import type { LeaseChange, LeaseWrite, OrderedBy } from '../lease/lease-view.ts';
import { NO_HARDWARE } from '../net/hardware-address.ts';
import type { Ipv4 } from '../net/ipv4.ts';
import { ANYBODY, mayHave } from '../subnet/may-have.ts';
import type { Plan } from '../subnet/plan.ts';
import { endingWrites, type PeerInput } from './address/peers.ts';
import type { Decision, DecisionContext, Reason } from './decision/decision.ts';
import { mayBeLive } from './decision/decision-input.ts';
import { freedRecord } from './decision/outcome.ts';

/**
 * What an operator, or a program in an operator's name, wants of an address.
 * - release: its lease ends now, though its client has not let it go.
 * - quarantine: it is given to nobody for so long; not while it is leased.
 * - restore: its quarantine ends now.
 */
export type OperatorOrder = OrderedBy & { readonly address: Ipv4 } & (
    | { readonly kind: 'release' | 'restore' }
    | { readonly kind: 'quarantine'; readonly seconds: number }
  );

/**
 * Why an order is not carried out: nothing is leased there; it is leased, and must be released first; it is not in
 * quarantine; no guest may have it anyway; a gateway that shares no leases with this one granted it; or nothing can be
 * stored now.
 */
export type OrderRefusal =
  | 'not-leased'
  | 'leased'
  | 'not-quarantined'
  | 'not-a-guest-address'
  | 'granted-by-peer'
  | 'cannot-promise';

/** What an order is decided by. */
export interface OrderInput extends PeerInput {
  readonly context: PeerInput['context'] & Pick<DecisionContext, 'mayBeOver'>;
  readonly plan: Plan;
}

/** Pure, like the decision about a message. */
export function decideOrder(order: OperatorOrder, input: OrderInput): Decision | OrderRefusal {
  if (!input.leases.canPromise) return 'cannot-promise';
  switch (order.kind) {
    case 'release':
      return release(order, input);
    case 'quarantine':
      return quarantine(order, order.seconds, input);
    case 'restore':
      return restore(order, input);
  }
}

function release(order: OperatorOrder, input: OrderInput): Decision | OrderRefusal {
  const lease = input.leases.recordAt(order.address);
  if (lease?.state === 'peer') return 'granted-by-peer';
  if (lease?.state !== 'bound') return 'not-leased';
  return changed(order, input, lease, 'released-by-operator', endingWrites(input, lease));
}

/** What it keeps of nobody goes back to nobody: also the client that had the address last gets it only after the end. */
function quarantine(order: OperatorOrder, seconds: number, input: OrderInput): Decision | OrderRefusal {
  const { leases, now, plan } = input;
  const { address } = order;
  if (mayHave(plan.subnet, ANYBODY, address) === 'nothing') return 'not-a-guest-address';
  const lease = leases.recordAt(address);
  if (lease?.state === 'peer') return 'granted-by-peer';
  if (lease?.state === 'bound' && mayBeLive(input, lease)) return 'leased';
  const next = {
    client: OPERATOR,
    hardware: NO_HARDWARE,
    state: 'declined',
    expiresAt: later(now, seconds),
    leaseSeconds: seconds,
  } as const;
  const write = { address, expectedVersion: leases.at(address)?.version ?? 0, next };
  return changed(order, input, next, 'quarantined-by-operator', [write]);
}

function restore(order: OperatorOrder, input: OrderInput): Decision | OrderRefusal {
  const { leases, now } = input;
  const lease = leases.recordAt(order.address);
  if (lease?.state !== 'declined' || !mayBeLive(input, lease)) return 'not-quarantined';
  const expectedVersion = leases.at(order.address)?.version ?? lease.version;
  const write = { address: order.address, expectedVersion, next: freedRecord(lease, now) };
  return changed(order, input, lease, 'restored-by-operator', [write]);
}

function changed(
  { author, note }: OrderedBy,
  { leases, now }: OrderInput,
  { client }: Pick<Lease, 'client'>,
  reason: Reason,
  writes: readonly LeaseWrite[],
): Decision {
  const expectedBindingVersion = leases.bindingOf(client)?.version ?? 0;
  const by: OrderedBy = note === undefined ? { author } : { author, note };
  const change: LeaseChange = {
    kind: 'binding',
    client,
    expectedBindingVersion,
    writes,
    at: now,
    reason,
    by,
  };
  return { kind: 'silence', reason, change };
}
