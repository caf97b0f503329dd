import { currentAt } from '../../allocation/availability.ts';
import { NOBODY } from '../../lease/client-key.ts';
import { INFINITE_SECONDS, isClaim, type Lease } from '../../lease/lease.ts';
import type { LeaseWrite } from '../../lease/lease-view.ts';
import type { Ipv4 } from '../../net/ipv4.ts';
import { mayHave } from '../../subnet/may-have.ts';
import type { Decision } from '../decision/decision.ts';
import { type DecisionInput, isHolder, mayBeLive } from '../decision/decision-input.ts';
import { changeOf, freedRecord, recordOf, silence } from '../decision/outcome.ts';
import {
  claimSecondsAt,
  isGrantedHere,
  nobodysRecordWrites,
  peerRecordWrites,
  recordAfterMove,
} from './peers.ts';

/** How long a client repeats a DHCPREQUEST that selects an offer (RFC 2131 §4.1): milliseconds. */
const SELECTION_TIME = 60_000;

/**
 * RFC 2131 §3.1 (4): every server receives a DHCPREQUEST that selects another server. The address that this server has
 * offered to the client is free at once. If the other server is a peer, its client may have the address from now on: that is
 * recorded as a claim, unless this gateway has leased the address to somebody else.
 */
export function recordOtherSelection(input: DecisionInput, address: Ipv4): Decision {
  const named = input.message.serverIdentifier;
  if (named !== undefined && input.context.clusterPeers?.live.has(named) === true)
    return endOwnOffer(input, address);
  const heard = heardWrites(input, address);
  const writes = [...heard, ...withdrawalWrites(input, heard)];
  if (heard.length > 0) {
    const change = changeOf(input, 'binding', 'peer-granted', writes);
    return { kind: 'silence', reason: 'peer-granted', change };
  }
  if (writes.length === 0) return silence('not-for-us');
  const change = changeOf(input, 'offer', 'offer-withdrawn', writes);
  return { kind: 'silence', reason: 'offer-withdrawn', change };
}

/**
 * The client selects a gateway that shares its leases: what that one binds will be known. This gateway's own offer is free
 * at once, if it was of another address. What an older version has put on offer stands in etcd, and counts until it ends.
 */
function endOwnOffer(input: DecisionInput, selected: Ipv4): Decision {
  const offer = input.leases.offerTo(input.client);
  if (offer === undefined || offer.address === selected || !isGrantedHere(input, offer))
    return silence('not-for-us');
  const change = changeOf(input, 'offer', 'offer-withdrawn', withdrawalWrites(input, []));
  return { kind: 'silence', reason: 'offer-withdrawn', change };
}

/** The writes for an address that a peer's client selects; none if nothing has to be stored. */
function heardWrites(input: DecisionInput, address: Ipv4): readonly LeaseWrite[] {
  const { message, plan, subnet, who } = input;
  const granter = message.serverIdentifier;
  if (granter === undefined || !plan.peers.has(granter)) return [];
  // What is reserved here is given here too, to another client: it must be known who has it.
  const entitlement = mayHave(subnet, who, address);
  if (entitlement !== 'lease' && entitlement !== 'reserved') return [];
  if (isNoise(input, address, granter)) return [];
  // Of two clients that ask two gateways at one moment one is refused, which no other gateway hears.
  const rivalry = input.context.peerObservations.rivalryOf(address, input.client);
  if (rivalry === 'lost' || isRecorded(input, address, granter)) return [];
  if (rivalry === 'open' || isDisputed(input, address, granter))
    return nobodysRecordWrites(input, address, granter);
  const leaseSeconds = isHolder(input, input.leases.recordAt(address)) ? 0 : claimSecondsAt(input, address);
  const record = { ...recordOf(input, 'peer', INFINITE_SECONDS), leaseSeconds, granter };
  return peerRecordWrites(input, address, record);
}

/**
 * Anybody can send a DHCPREQUEST that names another gateway. True if this one costs nobody anything: it names a gateway that
 * is not there, and the address is not simply free; or the address is on offer here, and the card claims another one.
 */
function isNoise({ leases, client, context, message, now }: DecisionInput, address: Ipv4, granter: Ipv4) {
  const { peerObservations, clusterPeers } = context;
  const current = currentAt(leases, address, now);
  if (!peerObservations.isThere(granter))
    return clusterPeers !== undefined || (current !== undefined && current.state !== 'free');
  if (current?.state !== 'offered' || current.client === client) return false;
  const claimed = peerObservations.claimOf(message.hardware);
  const record = claimed === undefined || claimed === address ? undefined : leases.recordAt(claimed);
  return record !== undefined && isClaim(record) && record.hardware === message.hardware;
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

/** True if nothing has to be stored: the record says it already, or must not be replaced by an observation. */
function isRecorded(input: DecisionInput, address: Ipv4, granter: Ipv4): boolean {
  const { leases, client, context, now } = input;
  const current = currentAt(leases, address, now);
  if (current === undefined) return false;
  if (current.client === NOBODY && isDisputed(input, address, granter)) return true;
  if (isPeersClient(current, input, granter)) return current.version > context.lastGapRevision;
  if (current.state === 'declined') return mayBeLive(input, current);
  // What gateways share is the lease itself, and not what was heard of it.
  const isWritten = current.client !== client || context.clusterPeers !== undefined;
  return current.state === 'bound' && isWritten && mayBeLive(input, current);
}

function isPeersClient(current: Lease, { client }: DecisionInput, granter: Ipv4): boolean {
  return current.state === 'peer' && current.client === client && current.granter === granter;
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
