import { isBoundTo } from '../allocation/availability.ts';
import { renewalTimesFor } from '../allocation/lease-time.ts';
import type { Lease } from '../lease/lease.ts';
import { type Ipv4, UNSPECIFIED } from '../net/ipv4.ts';
import { isGrantedHere } from './address/peers.ts';
import type { RuleDecision } from './decision/decision.ts';
import { type DecisionInput, entitlementTo } from './decision/decision-input.ts';
import { changeOf, replyWith } from './decision/outcome.ts';
import { requestState } from './decision/request-state.ts';
import { destinationOf } from './reply/destination.ts';
import { termsFor } from './reply/own-terms.ts';
import { leaseReply, leaseSecondsOf, secondsLeft } from './reply/reply.ts';

/** A client may ask so much before T1 though it means to ask at T1: it counts from its DHCPREQUEST, with fuzz of its own. */
const EARLY = 5000;

/**
 * RFC 2131 §4.3.2: the server may choose not to extend a lease, and should return a DHCPACK regardless. One that has
 * only begun is told again: what is left of it, with T1 and T2 by that (RFC 2131 §4.4.5).
 */
export function repeatLease(input: DecisionInput, address: Ipv4): RuleDecision {
  const lease = cachedLease(input, address);
  if (lease === undefined) return undefined;
  // It is durable, for the table moves only with a commit; but a mirror may lag, so that the store confirms it.
  const writes = [{ address, expectedVersion: lease.version, next: 'precondition-only' as const }];
  const change = changeOf(input, 'check', 'cached', writes);
  const reply = leaseReply(input, 'DHCPACK', address, secondsLeft(input, address));
  return replyWith(reply, destinationOf(input, address), 'cached', change);
}

/** The asking client's lease of an address, if it has only begun and would be granted again as it is. */
export function cachedLease(input: DecisionInput, address: Ipv4): Lease | undefined {
  const { leases, client, now, message, plan } = input;
  const lease = plan.leaseCache === 0 ? undefined : leases.at(address);
  if (!isBoundTo(lease, client, now) || lease.hardware !== message.hardware) return undefined;
  if (!isGrantedHere(input, lease) || entitlementTo(address, input) !== 'lease') return undefined;
  if (leases.bindingOf(client)?.address !== address) return undefined; // What it has elsewhere ends with a write.
  if (mayHaveReleased(input) || leases.mayBeLost(address)) return undefined; // Only a write makes that void.
  return hasBegun(input, lease) ? lease : undefined;
}

/**
 * True for a client that begins anew beside other gateways that may change its lease: a DHCPRELEASE or DHCPDECLINE from
 * before may still be on its way to etcd, and only a write shows that this comes after it. One that renews has had its
 * DHCPACK since, and has its address.
 */
function mayHaveReleased({ context, message, arrival }: DecisionInput): boolean {
  if (context.clusterPeers === undefined) return false;
  return arrival.source === UNSPECIFIED || requestState(message) !== 'RENEWING-OR-REBINDING';
}

/** False also where RFC 2131 §4.3.1 has another lease time for the client by now. */
function hasBegun(input: DecisionInput, { address, expiresAt, updatedAt }: Lease): boolean {
  const { client, now, plan } = input;
  const seconds = leaseSecondsOf(input, address);
  const times = renewalTimesFor(seconds, client, termsFor(input).renewal);
  if (times === undefined || expiresAt - updatedAt !== seconds * 1000) return false;
  const used = now - updatedAt; // Below 0: the clock was put back.
  return used >= 0 && used <= seconds * 10 * plan.leaseCache && used < times.renewal * 1000 - EARLY;
}
