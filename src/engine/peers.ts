import { isLive } from '../allocation/availability.ts';
import { hashOfClient } from '../allocation/client-hash.ts';
import { goesFirst } from '../allocation/gateway-rank.ts';
import { type Lease, NEVER } from '../lease/lease.ts';
import type { LeaseWrite } from '../lease/lease-view.ts';
import { type Ipv4, UNSPECIFIED } from '../net/ipv4.ts';
import { poolOf } from '../subnet/pool.ts';
import type { Decision } from './decision.ts';
import { refuse } from './nak.ts';
import { changeOf, freed, recordOf, silence, waitFor } from './outcome.ts';
import type { Question } from './question.ts';

/** How long the first lease of an address waits for a rival: milliseconds. */
const LISTENING = 50;
/** A client that has been trying for so long is answered by every gateway: seconds. */
const PATIENCE = 3;
/** A rival is remembered for so long: milliseconds. */
const RIVALRY = 1000;
/** How long the gateway that granted a lease may answer for it first: milliseconds. */
const DEFERRING = 500;

/** True if this gateway has granted the lease, or nobody knows who has. */
export function isGrantedHere({ plan }: Question, { granter }: Lease): boolean {
  return granter === UNSPECIFIED || granter === plan.serverIdentifier;
}

/** True while other gateways give addresses of this pool too. */
export function hearsPeers({ known }: Question): boolean {
  return known.hearing.peers.size > 0;
}

/**
 * Of the gateways that share their leases one answers a client first, by a hash of the client over those that are alive
 * (RFC 3074); the others when it has waited (secs), or asks again: one that has died costs one retransmission.
 */
export function leavesToAnother({ known, client, message, plan }: Question): boolean {
  const { sharing, askedBefore } = known;
  if (sharing === undefined || sharing.live.size === 0 || askedBefore || message.secs >= PATIENCE)
    return false;
  return !goesFirst(plan.serverIdentifier, hashOfClient(client), sharing.live);
}

/**
 * RFC 2131 §3.1 (4): a DHCPREQUEST that selects another server is heard by all. What this server had on offer to the
 * client is free at once; and if the other one is a gateway of this segment, the address is that one's client's from
 * now on, unless this gateway has leased it to somebody else.
 */
export function yieldToOther(question: Question, address: Ipv4): Decision {
  // A gateway that shares its leases is confirming what is on offer: it frees nothing.
  const named = question.message.serverIdentifier;
  if (named !== undefined && question.known.sharing?.live.has(named) === true) return silence('not-for-us');
  const heard = grantHeard(question, address);
  const writes = [...heard, ...withdrawal(question, heard)];
  if (heard.length > 0) {
    const change = changeOf(question, 'binding', 'peer-granted', writes);
    return { kind: 'silence', reason: 'peer-granted', change };
  }
  if (writes.length === 0) return silence('not-for-us');
  const change = changeOf(question, 'hold', 'offer-withdrawn', writes);
  return { kind: 'silence', reason: 'offer-withdrawn', change };
}

/** What a peer's client leaves here: the address is its own, and one that it had from a peer before is free. */
function grantHeard(question: Question, address: Ipv4): readonly LeaseWrite[] {
  const { leases, client, now, message, plan, subnet } = question;
  const granter = message.serverIdentifier;
  if (granter === undefined || !plan.peers.has(granter) || poolOf(subnet, address) === undefined) return [];
  if (isKnown(question, address, granter)) return [];
  const record = { ...recordOf(question, 'peer', NEVER), granter };
  const writes: LeaseWrite[] = [{ address, seen: leases.at(address)?.version ?? 0, next: record }];
  const before = leases.bindingOf(client);
  if (before?.state === 'peer' && before.address !== address) {
    // It is on offer to the client again, as likely as not.
    const seen = leases.at(before.address)?.version ?? before.version;
    writes.push({ address: before.address, seen, next: freed(before, now) });
  }
  return writes;
}

/** The end of what the client was offered here, unless it ends with what was heard. */
function withdrawal({ leases, client, now }: Question, heard: readonly LeaseWrite[]): readonly LeaseWrite[] {
  const offer = leases.offerTo(client);
  if (offer === undefined || heard.some(({ address }) => address === offer.address)) return [];
  return [{ address: offer.address, seen: offer.version, next: freed(offer, now) }];
}

/** Nothing is to be noted: it stands already, or what was heard may not displace what stands. */
function isKnown({ leases, client, now, known }: Question, address: Ipv4, granter: Ipv4): boolean {
  const standing = leases.at(address);
  if (standing === undefined) return false;
  if (standing.state === 'peer' && standing.client === client && standing.granter === granter)
    return standing.version > known.deafRevision;
  if (standing.state === 'declined') return isLive(standing, now);
  // What gateways share is the lease itself, and not what was heard of it.
  const isWritten = standing.client !== client || known.sharing !== undefined;
  return standing.state === 'bound' && isWritten && isLive(standing, now);
}

/**
 * The first lease of an address, while other gateways are heard: a moment is waited for their clients. Of two gateways
 * that are asked for one address at one moment the lower server identifier goes first; both hear both, so the other one
 * refuses its own client. A rival that asked before this client goes first in any case. Undefined: go on.
 */
export function listenForRival(question: Question, address: Ipv4): Decision | undefined {
  const { known, client, plan, now } = question;
  if (!hearsPeers(question)) return undefined;
  const rival = known.hearing.rivalFor(address, client);
  // One that was here first has its lease by now, though its DHCPREQUEST is perhaps not noted yet; while it still waits for
  // a rival, it hears of this one.
  const isLate = !known.waited && known.hearing.rivalFor(address, client, LISTENING) !== rival;
  if (rival !== undefined && (isLate || rival.granter < plan.serverIdentifier))
    return refuse(question, address, 'rival-won');
  return known.waited ? undefined : waitFor(address, 'listening', now, LISTENING);
}

/**
 * What stands was heard just now, of a gateway that goes behind this one: its own client hears of the refusal there, so
 * this one's client is not refused too.
 */
export function isRivalBehind({ known, client, plan }: Question, standing: Lease): boolean {
  if (standing.state !== 'peer' || standing.granter <= plan.serverIdentifier) return false;
  // It was so when this message came; what it has waited for since makes it no later.
  const waited = known.answers.has(standing.address) ? RIVALRY : known.waited ? 2 * LISTENING : LISTENING;
  const rival = known.hearing.rivalFor(standing.address, client, waited);
  return rival !== undefined && rival.granter === standing.granter && rival.client === standing.client;
}

/** INIT-REBOOT of a lease that another gateway granted: that one answers first, if it is there. Undefined: go on. */
export function deferToGranter({ known, now }: Question, address: Ipv4): Decision | undefined {
  return known.waited ? undefined : waitFor(address, 'deferring', now, DEFERRING);
}
