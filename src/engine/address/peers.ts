import { standingAt } from '../../allocation/availability.ts';
import { hashOfClient } from '../../allocation/client-hash.ts';
import { goesFirst } from '../../allocation/gateway-rank.ts';
import { NOBODY } from '../../lease/client-key.ts';
import { INFINITE_SECONDS, type Instant, type Lease, type LeaseRecord, NEVER } from '../../lease/lease.ts';
import type { LeaseWrite } from '../../lease/lease-view.ts';
import { NO_HARDWARE } from '../../net/hardware-address.ts';
import { type Ipv4, UNSPECIFIED } from '../../net/ipv4.ts';
import { mayHave } from '../../subnet/may-have.ts';
import type { Decision, DecisionContext, PeerRequest } from '../decision/decision.ts';
import { type DecisionInput, mayStand } from '../decision/decision-input.ts';
import { changeOf, freed, recordOf, silence, waitFor } from '../decision/outcome.ts';
import { refuse } from '../reply/refuse.ts';

/** What decides what this gateway records of its peers' clients. */
export interface PeerInput extends Pick<DecisionInput, 'leases' | 'now'> {
  readonly context: Pick<DecisionContext, 'peerObservations' | 'clusterPeers'>;
}

/** The address that is a peer's client's from now on, and what that one leaves. */
type Note = readonly [LeaseWrite & { readonly next: LeaseRecord }, ...LeaseWrite[]];

/** How long the first lease of an address waits for a rival: milliseconds. */
const LISTENING = 50;
/** A client that has been trying for so long is answered by every gateway: seconds. */
const PATIENCE = 3;
/** A rival is remembered for so long: milliseconds. */
const RIVALRY = 1000;
/** How long the gateway that granted a lease may answer for it first: milliseconds. */
const DEFERRING = 500;
/** For so long a client asks for what it has selected (RFC 2131 §4.1): milliseconds. */
const SELECTING = 60_000;

/** True if this gateway has granted the lease, or nobody knows who has. */
export function isGrantedHere({ plan }: DecisionInput, { granter }: Lease): boolean {
  return granter === UNSPECIFIED || granter === plan.serverIdentifier;
}

/** True while other gateways give addresses of this pool too. */
export function hearsPeers({ context }: Pick<PeerInput, 'context'>): boolean {
  return context.peerObservations.peers.size > 0;
}

/**
 * Of the gateways that share their leases one answers a client first, by a hash of the client over those that are alive
 * (RFC 3074); the others when it has waited (secs), or asks again: one that has died costs one retransmission.
 */
export function leavesToAnother({ context, client, message, plan }: DecisionInput): boolean {
  const { clusterPeers, isDiscoverRetry } = context;
  if (
    clusterPeers === undefined ||
    clusterPeers.live.size === 0 ||
    isDiscoverRetry ||
    message.secs >= PATIENCE
  )
    return false;
  return !goesFirst(plan.serverIdentifier, hashOfClient(client), clusterPeers.live);
}

/**
 * RFC 2131 §3.1 (4): a DHCPREQUEST that selects another server is heard by all. What this server had on offer to the
 * client is free at once; and if the other one is a gateway of this segment, the address is that one's client's from
 * now on, unless this gateway has leased it to somebody else.
 */
export function yieldToOther(input: DecisionInput, address: Ipv4): Decision {
  // A gateway that shares its leases is confirming what is on offer: it frees nothing.
  const named = input.message.serverIdentifier;
  if (named !== undefined && input.context.clusterPeers?.live.has(named) === true)
    return silence('not-for-us');
  const heard = grantHeard(input, address);
  const writes = [...heard, ...withdrawal(input, heard)];
  if (heard.length > 0) {
    const change = changeOf(input, 'binding', 'peer-granted', writes);
    return { kind: 'silence', reason: 'peer-granted', change };
  }
  if (writes.length === 0) return silence('not-for-us');
  const change = changeOf(input, 'offer', 'offer-withdrawn', writes);
  return { kind: 'silence', reason: 'offer-withdrawn', change };
}

/** What a peer's client leaves here: the address is its own, and one that it had from a peer before is nobody's. */
function grantHeard(input: DecisionInput, address: Ipv4): readonly LeaseWrite[] {
  const { message, plan, subnet, who } = input;
  const granter = message.serverIdentifier;
  if (granter === undefined || !plan.peers.has(granter)) return [];
  // What is reserved here is given here too, to another client: it must be known who has it.
  const entitlement = mayHave(subnet, who, address);
  if (entitlement !== 'lease' && entitlement !== 'reserved') return [];
  if (isKnown(input, address, granter)) return [];
  const record = { ...recordOf(input, 'peer', INFINITE_SECONDS), leaseSeconds: 0, granter };
  return noteOf(input, address, record);
}

/** The writes by which an address is a peer's client's, and what it had from a peer before is left. */
function noteOf({ leases, context, now }: PeerInput, address: Ipv4, record: LeaseRecord): Note {
  const note = { address, expectedVersion: leases.at(address)?.version ?? 0, next: record };
  const before = leases.bindingOf(record.client);
  if (before?.state !== 'peer' || before.address === address) return [note];
  // It is on offer to the client again, as likely as not.
  const expectedVersion = leases.at(before.address)?.version ?? before.version;
  return [note, { address: before.address, expectedVersion, next: leftBehind(before, context, now) }];
}

/**
 * What an address is when this gateway's own lease or quarantine of it ends: what was heard did not displace that while
 * it stood, but the peer's client has the address since then, unless it was heard of elsewhere later. Undefined: nothing
 * was heard that this gateway has not confirmed its own lease after.
 */
export function heardSince(input: PeerInput, lease: Lease): Note | undefined {
  const { address, client, state } = lease;
  if (!hearsPeers(input) || (state !== 'bound' && state !== 'declined')) return undefined;
  const { context, leases } = input;
  const asking = context.peerObservations.lastRequestFor(address, state === 'bound' ? client : undefined);
  if (asking === undefined || !isAfter(asking, lease)) return undefined;
  const elsewhere = leases.bindingOf(asking.client);
  if (elsewhere !== undefined && elsewhere.address !== address && elsewhere.updatedAt >= asking.on)
    return undefined;
  const { granter, hardware } = asking;
  const record = { client: asking.client, hardware, state: 'peer', expiresAt: NEVER, granter } as const;
  return noteOf(input, address, record);
}

/** Also if the clock was put back between them; what was decided before it and stored after it is older by its time. */
export function isAfter(asking: PeerRequest, { updatedAt, version }: Lease): boolean {
  return asking.on > updatedAt || asking.revision >= version;
}

/** What ends an own lease that still stands: its address is free, or whose it was heard to be meanwhile. */
export function ending(input: PeerInput, lease: Lease): readonly LeaseWrite[] {
  const { address, version } = lease;
  // What its card may have on offer there under another identifier ends with it.
  const expectedVersion = input.leases.at(address)?.version ?? version;
  return heardSince(input, lease) ?? [{ address, expectedVersion, next: freed(lease, input.now) }];
}

/** An own lease that is over gives way to what was heard meanwhile before its address is promised again. */
export function endOf(input: DecisionInput, address: Ipv4): Decision | undefined {
  if (!hearsPeers(input)) return undefined;
  const standing = standingAt(input.leases, address, input.now);
  if (standing === undefined || mayStand(input, standing)) return undefined;
  return giveWay(input, standing);
}

/**
 * A lease that was stored just before something may have been missed, perhaps by a gateway that stood still meanwhile, so
 * that its DHCPACK did not leave: the client that selects it again does not have it yet, and whoever was heard taking the
 * address since does. Undefined: go on.
 */
export function endOfUnanswered(input: DecisionInput, lease: Lease): Decision | undefined {
  const { context, now } = input;
  const isUnsure = lease.version <= context.lastGapRevision && now - lease.updatedAt < SELECTING;
  return isUnsure ? giveWay(input, lease) : undefined;
}

/** What was heard meanwhile is stored, then the message is decided again. Undefined: nothing was. */
function giveWay(input: DecisionInput, lease: Lease): Decision | undefined {
  const writes = heardSince(input, lease);
  if (writes === undefined) return undefined;
  const change = changeOf(input, 'binding', 'peer-granted', writes);
  return { kind: 'again', reason: 'peer-granted', change };
}

/**
 * What stays where a client leaves what it had from a peer. Not a free address: who had it before, and may have it still,
 * was forgotten for this client, and the peer may have had nothing else left to give; so it is given away only when this
 * gateway has nothing else left either.
 */
export function leftBehind(before: Lease, context: PeerInput['context'], now: Instant): LeaseRecord {
  if (context.clusterPeers !== undefined || !hearsPeers({ context })) return freed(before, now);
  return { client: NOBODY, hardware: NO_HARDWARE, state: 'peer', expiresAt: NEVER };
}

/** The end of what the client was offered here, unless it ends with what was heard. */
function withdrawal(
  { leases, client, now }: DecisionInput,
  heard: readonly LeaseWrite[],
): readonly LeaseWrite[] {
  const offer = leases.offerTo(client);
  if (offer === undefined || heard.some(({ address }) => address === offer.address)) return [];
  return [{ address: offer.address, expectedVersion: offer.version, next: freed(offer, now) }];
}

/** Nothing is to be noted: it stands already, or what was heard may not displace what stands. */
function isKnown(input: DecisionInput, address: Ipv4, granter: Ipv4): boolean {
  const { leases, client, context, now } = input;
  const standing = standingAt(leases, address, now);
  if (standing === undefined) return false;
  if (standing.state === 'peer' && standing.client === client && standing.granter === granter)
    return standing.version > context.lastGapRevision;
  if (standing.state === 'declined') return mayStand(input, standing);
  // What gateways share is the lease itself, and not what was heard of it.
  const isWritten = standing.client !== client || context.clusterPeers !== undefined;
  return standing.state === 'bound' && isWritten && mayStand(input, standing);
}

/**
 * The first lease of an address, while other gateways are heard: a moment is waited for their clients. Of two gateways
 * that are asked for one address at one moment the lower server identifier goes first; both hear both, so the other one
 * refuses its own client. A rival that asked before this client goes first in any case. Undefined: go on.
 */
export function listenForRival(input: DecisionInput, address: Ipv4): Decision | undefined {
  const { context, client, plan, now } = input;
  if (!hearsPeers(input)) return undefined;
  const rival = context.peerObservations.rivalFor(address, client);
  // One that was here first has its lease by now, though its DHCPREQUEST is perhaps not noted yet; while it still waits for
  // a rival, it hears of this one.
  const isLate = !context.waited && context.peerObservations.rivalFor(address, client, LISTENING) !== rival;
  if (rival !== undefined && (isLate || rival.granter < plan.serverIdentifier))
    return refuse(input, address, 'rival-won');
  return context.waited ? undefined : waitFor(address, 'listening', now, LISTENING);
}

/**
 * What stands was heard just now, of a gateway that goes behind this one: its own client hears of the refusal there, so
 * this one's client is not refused too.
 */
export function isRivalBehind({ context, client, plan }: DecisionInput, standing: Lease): boolean {
  if (standing.state !== 'peer' || standing.granter <= plan.serverIdentifier) return false;
  // It was so when this message came; what it has waited for since makes it no later.
  const waited = context.answers.has(standing.address) ? RIVALRY : context.waited ? 2 * LISTENING : LISTENING;
  const rival = context.peerObservations.rivalFor(standing.address, client, waited);
  return rival !== undefined && rival.granter === standing.granter && rival.client === standing.client;
}

/** INIT-REBOOT of a lease that another gateway granted: that one answers first, if it is there. Undefined: go on. */
export function deferToGranter({ context, now }: DecisionInput, address: Ipv4): Decision | undefined {
  return context.waited ? undefined : waitFor(address, 'deferring', now, DEFERRING);
}
