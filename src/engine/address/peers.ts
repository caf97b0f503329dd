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

/** What the records of peers' clients are decided by. */
export interface PeerInput extends Pick<DecisionInput, 'leases' | 'now'> {
  readonly context: Pick<DecisionContext, 'peerObservations' | 'clusterPeers'>;
}

/** The record of the address that a peer's client has now, and the record of the address that it has left. */
type PeerRecordWrites = readonly [LeaseWrite & { readonly next: LeaseRecord }, ...LeaseWrite[]];

/** A client that has tried for this time (secs) is answered by every gateway: seconds. */
const RETRY_SECS = 3;
/** How long a guest is left to the gateway of its own host: milliseconds. */
const HOST_WAIT = 1000;
/** How long the gateway that granted a lease may answer for it first: milliseconds. */
const GRANTER_WAIT = 500;
/** How long a client repeats a DHCPREQUEST that selects an offer (RFC 2131 §4.1): milliseconds. */
const SELECTION_TIME = 60_000;

/** True if this gateway has granted the lease, or nobody knows who has. */
export function isGrantedHere({ plan }: DecisionInput, { granter }: Lease): boolean {
  return granter === UNSPECIFIED || granter === plan.serverIdentifier;
}

/** True while peers are present: other gateways that lease addresses of this pool. */
export function hasPeers({ context }: Pick<PeerInput, 'context'>): boolean {
  return context.peerObservations.peers.size > 0;
}

/**
 * True if another gateway that shares the leases answers this client first: the one at the client's own host, if it sees
 * and grants, as its heartbeat says. Where no host is known, a hash of the client chooses one of the live gateways
 * (RFC 3074). The others answer when the client has waited (secs) or asks again, so a dead gateway costs one
 * retransmission.
 */
export function leavesToClusterPeer({ context, client, message, plan }: DecisionInput): boolean {
  const { clusterPeers, isDiscoverRetry, host } = context;
  if (
    clusterPeers === undefined ||
    clusterPeers.live.size === 0 ||
    isDiscoverRetry ||
    message.secs >= RETRY_SECS
  )
    return false;
  if (host === 'own') return false;
  if (host !== undefined && clusterPeers.gatewayAt?.(host) !== undefined) return true;
  return !goesFirst(plan.serverIdentifier, hashOfClient(client), clusterPeers.live);
}

/**
 * Where gateways hear of each other and nothing more: a new guest of another host is left to the gateway there for a moment,
 * so that no two gateways want one address when many boot. Undefined: it is answered now.
 */
export function leaveToHost({ context, message, now }: DecisionInput, address: Ipv4): Decision | undefined {
  const { isLeftToHost, isDiscoverRetry, waited } = context;
  if (isLeftToHost !== true || waited || isDiscoverRetry || message.secs >= RETRY_SECS) return undefined;
  return waitFor(address, 'left-to-host', now, HOST_WAIT);
}

/**
 * RFC 2131 §3.1 (4): every server receives a DHCPREQUEST that selects another server. The address that this server has
 * offered to the client is free at once. If the other server is a peer, its client has the address from now on, unless
 * this gateway has leased the address to somebody else.
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

/** The writes for an address that a peer's client selects; none if nothing has to be stored. */
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
 * True if another client has just asked the same gateway for the address, which was offered to both without being held.
 * That gateway refuses one of the two, and no other gateway knows which.
 */
function isDisputed({ leases, client, now }: DecisionInput, address: Ipv4, granter: Ipv4): boolean {
  const current = currentAt(leases, address, now);
  const isPeers = current?.state === 'peer' && current.granter === granter;
  return isPeers && current.client !== client && now - current.updatedAt < SELECTION_TIME;
}

/** The write that gives an address to a client of a peer, although this gateway does not know which client. */
function nobodysRecordWrites({ leases }: PeerInput, address: Ipv4, granter: Ipv4): PeerRecordWrites {
  const next = { client: NOBODY, hardware: NO_HARDWARE, state: 'peer', expiresAt: NEVER, granter } as const;
  return [{ address, expectedVersion: leases.at(address)?.version ?? 0, next }];
}

/** The writes that give an address to a peer's client, and end the record of the address that it had before. */
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
 * The writes that replace this gateway's own lease or quarantine when it ends: a peer's client has selected the address
 * meanwhile, and was not seen at another address later. Undefined: no client has, or this gateway has confirmed its own
 * lease after that.
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

/** True if another client was heard selecting the address at a peer since the record was written. */
export function isTakenSince({ context, client }: DecisionInput, current: Lease): boolean {
  const asking = context.peerObservations.lastRequestFor(current.address, client);
  return asking !== undefined && isNewer(asking, current);
}

/**
 * The writes that end a running lease of this gateway: its address is free, or belongs to a peer's client that has
 * selected it.
 */
export function endingWrites(input: PeerInput, lease: Lease): readonly LeaseWrite[] {
  const { address, version } = lease;
  // What its card may have on offer there under another identifier ends with it.
  const expectedVersion = input.leases.at(address)?.version ?? version;
  return peerGrantSince(input, lease) ?? [{ address, expectedVersion, next: freedRecord(lease, input.now) }];
}

/**
 * Before the address of an ended lease is promised again: records a peer's client that has selected it meanwhile.
 * Undefined: none has.
 */
export function replaceEnded(input: DecisionInput, address: Ipv4): Decision | undefined {
  if (!hasPeers(input)) return undefined;
  const current = currentAt(input.leases, address, input.now);
  if (current === undefined || mayBeLive(input, current)) return undefined;
  return replaceByPeerGrant(input, current);
}

/**
 * A client selects a lease again that was stored just before a gap, perhaps while this gateway stood still, so that its
 * DHCPACK was not sent. The client does not have the address yet; a peer's client that has selected it since then has it.
 * Undefined: no client has, so the lease may be confirmed.
 */
export function replaceUnanswered(input: DecisionInput, lease: Lease): Decision | undefined {
  const { context, now } = input;
  const isUnsure = lease.version <= context.lastGapRevision && now - lease.updatedAt < SELECTION_TIME;
  return isUnsure ? replaceByPeerGrant(input, lease) : undefined;
}

/** Records the peer's client that has selected the address; then the message is decided again. Undefined: none has. */
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

/**
 * The write that withdraws this gateway's offer to the client, unless the other writes replace it. A record of the client's
 * own under the offer ends with it, and its address is given away last, as after any move.
 */
function withdrawalWrites(
  { leases, client, context, now }: DecisionInput,
  heard: readonly LeaseWrite[],
): readonly LeaseWrite[] {
  const offer = leases.offerTo(client);
  if (offer === undefined || heard.some(({ address }) => address === offer.address)) return [];
  const { address, version } = offer;
  const under = leases.recordAt(address);
  const isOver = under === undefined || under.state === 'free' || under.client !== client;
  const next = isOver ? freedRecord(offer, now) : recordAfterMove(under, context, now);
  return [{ address, expectedVersion: version, next }];
}

/** True if nothing has to be stored: the record says it already, or must not be replaced by an observation. */
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
 * The first lease of an address waits for a moment while peers are present, since a peer's client may ask for the same
 * address. Of two gateways that are asked at the same moment, the one with the lower server identifier goes first. Both
 * receive both requests, so the other one refuses its client. A rival that asked before this client goes first in any
 * case. Undefined: there is no rival, and the wait is over.
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
 * True if the record comes from a gateway that yields to this one, for a request of the same moment. That gateway refuses
 * its client, so we do not refuse ours.
 */
export function outranksRival({ context, client, plan }: DecisionInput, current: Lease): boolean {
  if (current.state !== 'peer' || current.granter <= plan.serverIdentifier) return false;
  const rival = context.peerObservations.rivalFor(current.address, client, context.age + AT_ONCE);
  return rival !== undefined && rival.granter === current.granter && rival.client === current.client;
}

/** INIT-REBOOT of a lease that another gateway granted: that gateway may answer first. Undefined: its time is over. */
export function deferToGranter({ context, now }: DecisionInput, address: Ipv4): Decision | undefined {
  return context.waited ? undefined : waitFor(address, 'deferring', now, GRANTER_WAIT);
}
