import { currentAt } from '../../allocation/availability.ts';
import { hashOfClient } from '../../allocation/client-hash.ts';
import { goesFirst } from '../../allocation/gateway-rank.ts';
import { NOBODY } from '../../lease/client-key.ts';
import { INFINITE_SECONDS, type Instant, type Lease, type LeaseRecord, NEVER } from '../../lease/lease.ts';
import type { LeaseWrite } from '../../lease/lease-view.ts';
import { NO_HARDWARE } from '../../net/hardware-address.ts';
import { type Ipv4, UNSPECIFIED } from '../../net/ipv4.ts';
import { mayHave } from '../../subnet/may-have.ts';
import type { Decision, DecisionContext, PeerRequest } from '../decision/decision.ts';
import { type DecisionInput, mayBeLive } from '../decision/decision-input.ts';
import { changeOf, freedRecord, recordOf, silence, waitFor } from '../decision/outcome.ts';
import { AT_ONCE, RIVAL_WAIT } from '../decision/rivals.ts';
import { refuse } from '../reply/refuse.ts';

/** What decides what this gateway records of its peers' clients. */
export interface PeerInput extends Pick<DecisionInput, 'leases' | 'now'> {
  readonly context: Pick<DecisionContext, 'peerObservations' | 'clusterPeers'>;
}

/** The address that is a peer's client's from now on, and what that one leaves. */
type PeerRecordWrites = readonly [LeaseWrite & { readonly next: LeaseRecord }, ...LeaseWrite[]];

/** A client that has been trying for so long is answered by every gateway: seconds. */
const RETRY_SECS = 3;
/** How long the gateway that granted a lease may answer for it first: milliseconds. */
const GRANTER_WAIT = 500;
/** For so long a client asks for what it has selected (RFC 2131 §4.1): milliseconds. */
const SELECTION_TIME = 60_000;

/** True if this gateway has granted the lease, or nobody knows who has. */
export function isGrantedHere({ plan }: DecisionInput, { granter }: Lease): boolean {
  return granter === UNSPECIFIED || granter === plan.serverIdentifier;
}

/** True while other gateways give addresses of this pool too. */
export function hasPeers({ context }: Pick<PeerInput, 'context'>): boolean {
  return context.peerObservations.peers.size > 0;
}

/**
 * Of the gateways that share their leases one answers a client first, by a hash of the client over those that are alive
 * (RFC 3074); the others when it has waited (secs), or asks again: one that has died costs one retransmission.
 */
export function leavesToClusterPeer({ context, client, message, plan }: DecisionInput): boolean {
  const { clusterPeers, isDiscoverRetry } = context;
  if (
    clusterPeers === undefined ||
    clusterPeers.live.size === 0 ||
    isDiscoverRetry ||
    message.secs >= RETRY_SECS
  )
    return false;
  return !goesFirst(plan.serverIdentifier, hashOfClient(client), clusterPeers.live);
}

/**
 * RFC 2131 §3.1 (4): a DHCPREQUEST that selects another server is heard by all. What this server had on offer to the
 * client is free at once; and if the other one is a gateway of this segment, the address is that one's client's from
 * now on, unless this gateway has leased it to somebody else.
 */
export function recordOtherSelection(input: DecisionInput, address: Ipv4): Decision {
  // A gateway that shares its leases is confirming what is on offer: it frees nothing.
  const named = input.message.serverIdentifier;
  if (named !== undefined && input.context.clusterPeers?.live.has(named) === true)
    return silence('not-for-us');
  const heard = peerGrantWrites(input, address);
  const writes = [...heard, ...withdrawalWrites(input, heard)];
  if (heard.length > 0) {
    const change = changeOf(input, 'binding', 'peer-granted', writes);
    return { kind: 'silence', reason: 'peer-granted', change };
  }
  if (writes.length === 0) return silence('not-for-us');
  const change = changeOf(input, 'offer', 'offer-withdrawn', writes);
  return { kind: 'silence', reason: 'offer-withdrawn', change };
}

/** What a peer's client leaves here: the address is its own, and one that it had from a peer before is nobody's. */
function peerGrantWrites(input: DecisionInput, address: Ipv4): readonly LeaseWrite[] {
  const { message, plan, subnet, who } = input;
  const granter = message.serverIdentifier;
  if (granter === undefined || !plan.peers.has(granter)) return [];
  // What is reserved here is given here too, to another client: it must be known who has it.
  const entitlement = mayHave(subnet, who, address);
  if (entitlement !== 'lease' && entitlement !== 'reserved') return [];
  // Of two clients that ask two gateways at one moment one is refused, which no other gateway hears.
  const rivalry = input.context.peerObservations.rivalryOf(address, input.client);
  if (rivalry === 'lost' || isRecorded(input, address, granter)) return [];
  if (rivalry === 'open' || isDisputed(input, address, granter))
    return nobodysRecordWrites(input, address, granter);
  const record = { ...recordOf(input, 'peer', INFINITE_SECONDS), leaseSeconds: 0, granter };
  return peerRecordWrites(input, address, record);
}

/**
 * Another client has just asked the same gateway for the address, which was offered to both without being held. That one
 * refuses one of them, and no other gateway hears whom.
 */
function isDisputed({ leases, client, now }: DecisionInput, address: Ipv4, granter: Ipv4): boolean {
  const current = currentAt(leases, address, now);
  const isPeers = current?.state === 'peer' && current.granter === granter;
  return isPeers && current.client !== client && now - current.updatedAt < SELECTION_TIME;
}

/** The write by which an address is one of its peers' clients', and this gateway does not know whose. */
function nobodysRecordWrites({ leases }: PeerInput, address: Ipv4, granter: Ipv4): PeerRecordWrites {
  const next = { client: NOBODY, hardware: NO_HARDWARE, state: 'peer', expiresAt: NEVER, granter } as const;
  return [{ address, expectedVersion: leases.at(address)?.version ?? 0, next }];
}

/** The writes by which an address is a peer's client's, and what it had from a peer before is left. */
function peerRecordWrites(
  { leases, context, now }: PeerInput,
  address: Ipv4,
  record: LeaseRecord,
): PeerRecordWrites {
  const note = { address, expectedVersion: leases.at(address)?.version ?? 0, next: record };
  const before = leases.bindingOf(record.client);
  if (before?.state !== 'peer' || before.address === address) return [note];
  // It is on offer to the client again, as likely as not.
  const expectedVersion = leases.at(before.address)?.version ?? before.version;
  return [note, { address: before.address, expectedVersion, next: recordAfterMove(before, context, now) }];
}

/**
 * What an address is when this gateway's own lease or quarantine of it ends: what was heard did not displace that while
 * it stood, but the peer's client has the address since then, unless it was heard of elsewhere later. Undefined: nothing
 * was heard that this gateway has not confirmed its own lease after.
 */
export function peerGrantSince(input: PeerInput, lease: Lease): PeerRecordWrites | undefined {
  const { address, client, state } = lease;
  if (!hasPeers(input) || (state !== 'bound' && state !== 'declined')) return undefined;
  const { context, leases } = input;
  const asking = context.peerObservations.lastRequestFor(address, state === 'bound' ? client : undefined);
  if (asking === undefined || !isNewer(asking, lease)) return undefined;
  const elsewhere = leases.bindingOf(asking.client);
  if (elsewhere !== undefined && elsewhere.address !== address && elsewhere.updatedAt >= asking.on)
    return undefined;
  const { granter, hardware } = asking;
  if (context.peerObservations.rivalryOf(address, asking.client) === 'open')
    return nobodysRecordWrites(input, address, granter);
  const record = { client: asking.client, hardware, state: 'peer', expiresAt: NEVER, granter } as const;
  return peerRecordWrites(input, address, record);
}

/** True if the request came after the record, by time or, if the clock was set back, by version. */
export function isNewer(asking: PeerRequest, { updatedAt, version }: Lease): boolean {
  return asking.on > updatedAt || asking.revision >= version;
}

/** What ends an own lease that still stands: its address is free, or whose it was heard to be meanwhile. */
export function endingWrites(input: PeerInput, lease: Lease): readonly LeaseWrite[] {
  const { address, version } = lease;
  // What its card may have on offer there under another identifier ends with it.
  const expectedVersion = input.leases.at(address)?.version ?? version;
  return peerGrantSince(input, lease) ?? [{ address, expectedVersion, next: freedRecord(lease, input.now) }];
}

/** An own lease that is over gives way to what was heard meanwhile before its address is promised again. */
export function replaceEnded(input: DecisionInput, address: Ipv4): Decision | undefined {
  if (!hasPeers(input)) return undefined;
  const current = currentAt(input.leases, address, input.now);
  if (current === undefined || mayBeLive(input, current)) return undefined;
  return replaceByPeerGrant(input, current);
}

/**
 * A lease that was stored just before something may have been missed, perhaps by a gateway that stood still meanwhile, so
 * that its DHCPACK did not leave: the client that selects it again does not have it yet, and whoever was heard taking the
 * address since does. Undefined: go on.
 */
export function replaceUnanswered(input: DecisionInput, lease: Lease): Decision | undefined {
  const { context, now } = input;
  const isUnsure = lease.version <= context.lastGapRevision && now - lease.updatedAt < SELECTION_TIME;
  return isUnsure ? replaceByPeerGrant(input, lease) : undefined;
}

/** What was heard meanwhile is stored, then the message is decided again. Undefined: nothing was. */
function replaceByPeerGrant(input: DecisionInput, lease: Lease): Decision | undefined {
  const writes = peerGrantSince(input, lease);
  if (writes === undefined) return undefined;
  const change = changeOf(input, 'binding', 'peer-granted', writes);
  return { kind: 'again', reason: 'peer-granted', change };
}

/**
 * The record of an address that a peer's client has left. It is not free: its earlier holder, whom we have forgotten, may
 * still use it. So we give it away last.
 */
export function recordAfterMove(before: Lease, context: PeerInput['context'], now: Instant): LeaseRecord {
  if (context.clusterPeers !== undefined || !hasPeers({ context })) return freedRecord(before, now);
  return { client: NOBODY, hardware: NO_HARDWARE, state: 'peer', expiresAt: NEVER };
}

/** The end of what the client was offered here, unless it ends with what was heard. */
function withdrawalWrites(
  { leases, client, now }: DecisionInput,
  heard: readonly LeaseWrite[],
): readonly LeaseWrite[] {
  const offer = leases.offerTo(client);
  if (offer === undefined || heard.some(({ address }) => address === offer.address)) return [];
  return [{ address: offer.address, expectedVersion: offer.version, next: freedRecord(offer, now) }];
}

/** True if nothing must be stored: the record says it already, or what was heard may not displace the record. */
function isRecorded(input: DecisionInput, address: Ipv4, granter: Ipv4): boolean {
  const { leases, client, context, now } = input;
  const current = currentAt(leases, address, now);
  if (current === undefined) return false;
  if (current.client === NOBODY && isDisputed(input, address, granter)) return true;
  if (current.state === 'peer' && current.client === client && current.granter === granter)
    return current.version > context.lastGapRevision;
  if (current.state === 'declined') return mayBeLive(input, current);
  // What gateways share is the lease itself, and not what was heard of it.
  const isWritten = current.client !== client || context.clusterPeers !== undefined;
  return current.state === 'bound' && isWritten && mayBeLive(input, current);
}

/**
 * The first lease of an address, while other gateways are heard: a moment is waited for their clients. Of two gateways
 * that are asked for one address at one moment the lower server identifier goes first; both hear both, so the other one
 * refuses its own client. A rival that asked before this client goes first in any case. Undefined: go on.
 */
export function waitForRival(input: DecisionInput, address: Ipv4): Decision | undefined {
  const { context, client, plan, now } = input;
  if (!hasPeers(input)) return undefined;
  const rival = context.peerObservations.rivalFor(address, client);
  // A rival that asked earlier already has its lease, even if we have not recorded it. The gateway of a rival that asked at
  // the same moment hears of this client while it still waits.
  const isLate = context.peerObservations.rivalFor(address, client, context.age + AT_ONCE) !== rival;
  if (rival !== undefined && (isLate || rival.granter < plan.serverIdentifier))
    return refuse(input, address, 'rival-won');
  return context.waited ? undefined : waitFor(address, 'listening', now, RIVAL_WAIT);
}

/**
 * True if the record comes from a gateway that yields to this one, and was heard at the same moment. That gateway refuses
 * its client, so we do not refuse ours.
 */
export function outranksRival({ context, client, plan }: DecisionInput, current: Lease): boolean {
  if (current.state !== 'peer' || current.granter <= plan.serverIdentifier) return false;
  const rival = context.peerObservations.rivalFor(current.address, client, context.age + AT_ONCE);
  return rival !== undefined && rival.granter === current.granter && rival.client === current.client;
}

/** INIT-REBOOT of a lease that another gateway granted: that gateway may answer first. Undefined: go on. */
export function deferToGranter({ context, now }: DecisionInput, address: Ipv4): Decision | undefined {
  return context.waited ? undefined : waitFor(address, 'deferring', now, GRANTER_WAIT);
}
