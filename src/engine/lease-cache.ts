import { isBoundTo } from '../allocation/availability.ts';
import { leaseSecondsFor, renewalTimesFor } from '../allocation/lease-time.ts';
import type { Lease } from '../lease/lease.ts';
import { type Ipv4, UNSPECIFIED } from '../net/ipv4.ts';
import type { Decision } from './decision.ts';
import { destinationOf } from './destination.ts';
import { changeOf } from './outcome.ts';
import { isGrantedHere } from './peers.ts';
import { entitlementTo, type Question } from './question.ts';
import { leaseReply, secondsLeft } from './reply.ts';
import { requestState } from './request-state.ts';

/** A client may ask so much before T1 though it means to ask at T1: it counts from its DHCPREQUEST, with fuzz of its own. */
const EARLY = 5000;

/**
 * RFC 2131 §4.3.2: the server may choose not to extend a lease, and should return a DHCPACK regardless. One that has
 * only begun is told again: what is left of it, with T1 and T2 by that (RFC 2131 §4.4.5). Undefined: extend it.
 */
export function repeatLease(question: Question, address: Ipv4): Decision | undefined {
  const lease = cachedLease(question, address);
  if (lease === undefined) return undefined;
  // It is durable, for the table moves only with a commit; but a mirror may lag, so that the store confirms it.
  const writes = [{ address, expectedVersion: lease.version, next: 'precondition-only' as const }];
  const change = changeOf(question, 'check', 'cached', writes);
  const reply = leaseReply(question, 'DHCPACK', address, secondsLeft(question, address));
  return {
    kind: 'reply',
    reply,
    destination: destinationOf(question, address),
    reason: 'cached',
    change,
  };
}

/** The asking client's lease of an address, if it has only begun and would be granted again as it is. */
export function cachedLease(question: Question, address: Ipv4): Lease | undefined {
  const { leases, client, now, message, plan } = question;
  const lease = plan.leaseCache === 0 ? undefined : leases.at(address);
  if (!isBoundTo(lease, client, now) || lease.hardware !== message.hardware) return undefined;
  if (!isGrantedHere(question, lease) || entitlementTo(address, question) !== 'lease') return undefined;
  if (leases.bindingOf(client)?.address !== address) return undefined; // What it has elsewhere ends with a write.
  if (mayHaveLetGo(question) || leases.mayBeLost(address)) return undefined; // Only a write makes that void.
  return hasBegun(question, lease) ? lease : undefined;
}

/**
 * True for a client that begins anew beside other gateways that may change its lease: a DHCPRELEASE or DHCPDECLINE from
 * before may still be on its way to etcd, and only a write shows that this comes after it. One that renews has had its
 * DHCPACK since, and has its address.
 */
function mayHaveLetGo({ context, message, arrival }: Question): boolean {
  if (context.clusterPeers === undefined) return false;
  return arrival.source === UNSPECIFIED || requestState(message) !== 'RENEWING-OR-REBINDING';
}

/** False also where RFC 2131 §4.3.1 has another lease time for the client by now. */
function hasBegun(
  { client, now, message, plan, subnet }: Question,
  { expiresAt, updatedAt }: Lease,
): boolean {
  const seconds = leaseSecondsFor(message.leaseTime, subnet.leaseTimes);
  const times = renewalTimesFor(seconds, client);
  if (times === undefined || expiresAt - updatedAt !== seconds * 1000) return false;
  const used = now - updatedAt; // Below 0: the clock was put back.
  return used >= 0 && used <= seconds * 10 * plan.leaseCache && used < times.renewal * 1000 - EARLY;
}
