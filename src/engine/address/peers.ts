import { currentAt } from '../../allocation/availability.ts';
import { firstGatewayFor } from '../../allocation/shared-proposals.ts';
import { NOBODY } from '../../lease/client-key.ts';
import { type Instant, isClaim, type Lease, type LeaseRecord, NEVER } from '../../lease/lease.ts';
import type { LeaseWrite } from '../../lease/lease-view.ts';
import { NO_HARDWARE } from '../../net/hardware-address.ts';
import { type Ipv4, UNSPECIFIED } from '../../net/ipv4.ts';
import type { DecisionContext, RuleDecision } from '../decision/decision.ts';
import { type DecisionInput, mayBeLive } from '../decision/decision-input.ts';
import { changeOf, freedRecord, waitFor } from '../decision/outcome.ts';
import { AT_ONCE, isNewer, RIVAL_WAIT } from '../decision/rivals.ts';
import { refuse } from '../reply/refuse.ts';

/** What the records of peers' clients are decided by. */
export interface PeerInput extends Pick<DecisionInput, 'leases' | 'now'> {
  readonly context: Pick<DecisionContext, 'peerObservations' | 'clusterPeers'>;
}

/** The record of the address that a peer's client has now, and the record of the address that it has left. */
type PeerRecordWrites = readonly [LeaseWrite & { readonly next: LeaseRecord }, ...LeaseWrite[]];

/** A client that has tried for this time (secs) is answered by every gateway: seconds. */
export const RETRY_SECS = 3;
/** How long the gateway that granted a lease may answer for it first: milliseconds. */
export const GRANTER_WAIT = 500;
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
export function leavesToClusterPeer({ context, client, message, plan, subnet }: DecisionInput): boolean {
  const { clusterPeers, isDiscoverRetry } = context;
  if (
    clusterPeers === undefined ||
    clusterPeers.live.size === 0 ||
    isDiscoverRetry ||
    message.secs >= RETRY_SECS
  )
    return false;
  const self = plan.serverIdentifier;
  const hostGateway = hostGatewayOf(context, self);
  return firstGatewayFor({ client, subnet, self, hostGateway, clusterPeers: clusterPeers.live }) !== self;
}

/** The gateway at the client's own host, if it sees its guests and grants; undefined: no such host is known. */
export function hostGatewayOf(
  { host, clusterPeers }: Pick<DecisionContext, 'host' | 'clusterPeers'>,
  self: Ipv4,
): Ipv4 | undefined {
  if (host === undefined) return undefined;
  return host === 'own' ? self : clusterPeers?.gatewayAt?.(host);
}

/**
 * The length of a peer's record at an address. What is heard is a claim, until ARP shows the client there; but where a peer's
 * lease stands already, it goes on with another client: what is heard takes the address from nobody, and frees it for nobody.
 */
export function claimSecondsAt({ leases, context }: PeerInput, address: Ipv4): number {
  const { peerObservations } = context;
  const current = leases.recordAt(address);
  const isGrant = current?.state === 'peer' && !isClaim(current) && current.granter !== UNSPECIFIED;
  return isGrant && peerObservations.isThere(current.granter) ? 0 : peerObservations.claimSeconds;
}

/** The write that gives an address to a client of a peer, although this gateway does not know which client. */
export function nobodysRecordWrites(input: PeerInput, address: Ipv4, granter: Ipv4): PeerRecordWrites {
  const leaseSeconds = claimSecondsAt(input, address);
  const nobodys = { client: NOBODY, hardware: NO_HARDWARE, state: 'peer', expiresAt: NEVER } as const;
  const next = { ...nobodys, granter, leaseSeconds };
  return [{ address, expectedVersion: input.leases.at(address)?.version ?? 0, next }];
}

/**
 * The writes that give an address to a peer's client, and end the record of the address that it had before. A network card
 * has one claim, whatever identifiers it names.
 */
export function peerRecordWrites(input: PeerInput, address: Ipv4, record: LeaseRecord): PeerRecordWrites {
  const { leases, context, now } = input;
  const note = { address, expectedVersion: leases.at(address)?.version ?? 0, next: record };
  const claimed = context.peerObservations.claimOf(record.hardware);
  const claim = claimed === undefined ? undefined : leases.recordAt(claimed);
  const isOwnClaim = claim !== undefined && isClaim(claim) && claim.hardware === record.hardware;
  const binding = leases.bindingOf(record.client);
  const ended = new Map<Ipv4, Lease>();
  if (isOwnClaim) ended.set(claim.address, claim);
  if (binding?.state === 'peer') ended.set(binding.address, binding);
  ended.delete(address);
  // It is on offer to the client again, as likely as not.
  const writes = [...ended.values()].map((before) => ({
    address: before.address,
    expectedVersion: leases.at(before.address)?.version ?? before.version,
    next: recordAfterMove(before, context, now),
  }));
  return [note, ...writes];
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
  const leaseSeconds = claimSecondsAt(input, address);
  const peers = { state: 'peer', expiresAt: NEVER, granter, leaseSeconds } as const;
  return peerRecordWrites(input, address, { client: asking.client, hardware, ...peers });
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
export function replaceEnded(input: DecisionInput, address: Ipv4): RuleDecision {
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
export function replaceUnanswered(input: DecisionInput, lease: Lease): RuleDecision {
  const { context, now } = input;
  const isUnsure = lease.version <= context.lastGapRevision && now - lease.updatedAt < SELECTION_TIME;
  return isUnsure ? replaceByPeerGrant(input, lease) : undefined;
}

/** Records the peer's client that has selected the address; then the message is decided again. Undefined: none has. */
function replaceByPeerGrant(input: DecisionInput, lease: Lease): RuleDecision {
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
 * The first lease of an address waits for a moment while peers are present, since a peer's client may ask for the same
 * address. Of two gateways that are asked at the same moment, the one with the lower server identifier goes first. Both
 * receive both requests, so the other one refuses its client. A rival that asked before this client goes first in any
 * case. Undefined: there is no rival, and the wait is over.
 */
export function waitForRival(input: DecisionInput, address: Ipv4): RuleDecision {
  const { context, client, plan, now } = input;
  if (!hasPeers(input)) return undefined;
  const rival = context.peerObservations.rivalFor(address, client);
  // A rival that asked earlier already has its lease, even if we have not recorded it. The gateway of a rival that asked at
  // the same moment hears of this client while it still waits.
  const isLate =
    context.peerObservations.rivalFor(address, client, context.ageMilliseconds + AT_ONCE) !== rival;
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
  const rival = context.peerObservations.rivalFor(current.address, client, context.ageMilliseconds + AT_ONCE);
  return rival !== undefined && rival.granter === current.granter && rival.client === current.client;
}

/** INIT-REBOOT of a lease that another gateway granted: that gateway may answer first. Undefined: its time is over. */
export function deferToGranter({ context, now }: DecisionInput, address: Ipv4): RuleDecision {
  return context.waited ? undefined : waitFor(address, 'deferring', now, GRANTER_WAIT);
}
