import { isBoundTo, isLive, isTaken, standingAt } from '../allocation/availability.ts';
import { NO_HARDWARE } from '../net/hardware-address.ts';
import { type Ipv4, UNSPECIFIED } from '../net/ipv4.ts';
import { contains } from '../net/prefix.ts';
import { isLeftBehind, isOneTooMany } from './cards.ts';
import type { Decision, Reason } from './decision.ts';
import { destinationOf } from './destination.ts';
import { bind } from './grant.ts';
import { keepToPromise } from './keep-to-promise.ts';
import { repeatLease } from './lease-cache.ts';
import { refuse, refuseBecauseOf } from './nak.ts';
import { ask, quarantineInUse, silence } from './outcome.ts';
import {
  deferToGranter,
  endOfUnanswered,
  hearsPeers,
  isGrantedHere,
  isRivalBehind,
  listenForRival,
  yieldToOther,
} from './peers.ts';
import { quarantineFor } from './quarantine.ts';
import { entitlementTo, isHolder, mayStand, overBefore, type Question } from './question.ts';
import { leaseReply, leaseSecondsOf, namesThisServer, serverNamedBy } from './reply.ts';
import { requestStateTo } from './request-state.ts';
import { hasNoAddress, isOffered, keepsOwn, offeredTo, wishedBy } from './request-wish.ts';
import { seeThatUnused } from './vouching.ts';

const SERVER_IDENTIFIER = 54;

/** RFC 2131 §4.3.2: a DHCPREQUEST, by the state that its client is in. */
export function answerRequest(question: Question): Decision {
  const { message } = question;
  const server = serverNamedBy(question);
  const address = message.requestedAddress ?? UNSPECIFIED;
  switch (requestStateTo(server, message)) {
    case 'SELECTING':
      return keepsOwn(question, address)
        ? extend(question, message.ciaddr)
        : select(question, address === UNSPECIFIED ? offeredTo(question) : address);
    case 'INIT-REBOOT':
      return reboot(question, address);
    case 'RENEWING-OR-REBINDING':
      if (server !== undefined && !namesThisServer(question)) return silence('not-for-us');
      return hasNoAddress(question)
        ? reboot(question, wishedBy(question, address))
        : extend(question, message.ciaddr);
    case undefined:
      return silence('unknown-state');
  }
}

/** RFC 2131 §4.3.2, SELECTING: the client has chosen an offer, ours or another server's. */
function select(question: Question, address: Ipv4): Decision {
  const { leases, client, now } = question;
  if (address === UNSPECIFIED) return silence('unknown-state');
  if (!namesThisServer(question)) return yieldToOther(question, address);

  // The client names us, so every reason to refuse is our own knowledge.
  if (!contains(question.subnet.prefix, address)) return refuse(question, address, 'wrong-network');
  const entitlement = entitlementTo(address, question);
  if (entitlement === 'nothing') return refuse(question, address, 'excluded');
  if (entitlement === 'reserved') return refuse(question, address, 'reserved-for-another');
  // Sent again: of its first DHCPACK the client knows nothing, and another may have its address since.
  const lease = leases.recordAt(address);
  if (isBoundTo(lease, client, now))
    return endOfUnanswered(question, lease) ?? promise(question, address, 'renewed');
  if (entitlement === 'rest') return refuse(question, address, 'not-in-pool');

  const isOwnCards = isOffered(question, address) ? false : isLeftBehind(question, address);
  if (typeof isOwnCards !== 'boolean') return isOwnCards;
  const refusal = isOwnCards ? undefined : refuseTaken(question, address);
  if (refusal !== undefined) return refusal;
  const binding = leases.bindingOf(client);
  if (isBoundTo(binding, client, now) && !isOffered(question, address)) {
    // What waited may not undo what came after it.
    if (binding.version > question.context.readRevision) return silence('overtaken');
    return refuseBecauseOf(question, address, binding, 'bound-elsewhere');
  }
  return take(question, address);
}

/** RFC 2131 §3.1 (4): the client takes what it was offered; its lease of another address ends with that. */
function take(question: Question, address: Ipv4): Decision {
  const { leases, client, now, context } = question;
  const binding = leases.bindingOf(client);
  const isMoving = isBoundTo(binding, client, now) && binding.address !== address;
  if (isMoving && binding.version > context.readRevision) return silence('overtaken');
  return listenForRival(question, address) ?? promise(question, address, isMoving ? 'moved' : 'bound');
}

/** RFC 2131 §4.3.2, INIT-REBOOT: the client wants to go on with an address that it remembers. */
function reboot(question: Question, address: Ipv4): Decision {
  const { leases, client, message } = question;
  const refusal = refuseForbidden(question, address);
  if (refusal !== undefined) return refusal;
  if (isOfSameMachine(question, address)) return promise(question, address, 'rebooted');
  // Deviates from RFC 2131 §4.3.2: a SELECTING client that does not say which server it has selected gets what it was
  // just offered; some boot loaders leave option 54 out, or fill in 0.0.0.0.
  if (isOffered(question, address)) return take(question, address);
  const contradiction = refuseInUse(question, address) ?? refuseAgainstLive(question, address);
  if (contradiction !== undefined) return mayHaveChosen(question) ? silence('not-for-us') : contradiction;
  const unquarantined = endQuarantine(question, address, 'rebooted');
  if (unquarantined !== undefined) return unquarantined;

  // "If the DHCP server has no record of this client, then it MUST remain silent."
  const last = leases.bindingOf(client);
  if (last === undefined || last.address !== address)
    return message.ciaddr === address ? adopt(question, address) : silence('no-binding');
  const isOurs: boolean = isHolder(question, last);
  if (isOurs) return promise(question, address, 'rebooted');
  const isPeers = last.state === 'peer' && !isGrantedHere(question, last);
  return (isPeers ? deferToGranter(question, address) : undefined) ?? revive(question, address, 'rebooted');
}

/** True for a client that selects a server without naming it, while others are heard: it may be one of them. */
function mayHaveChosen(question: Question): boolean {
  return question.message.has(SERVER_IDENTIFIER) && hearsPeers(question);
}

/**
 * RFC 2131 §4.3.2, RENEWING (unicast) and REBINDING (broadcast): the client is configured and wants to go on. "The DHCP
 * server SHOULD check 'ciaddr' for correctness before replying."
 */
function extend(question: Question, address: Ipv4): Decision {
  const { leases, client } = question;
  const refusal = refuseForbidden(question, address);
  if (refusal !== undefined) return refusal;
  if (isOfSameMachine(question, address)) return promise(question, address, 'renewed');
  const contradiction = refuseAgainstLive(question, address);
  if (contradiction !== undefined) return moveBack(question, address) ?? contradiction;

  const last = leases.bindingOf(client);
  const unquarantined = endQuarantine(question, address, last?.address === address ? 'renewed' : 'adopted');
  if (unquarantined !== undefined) return unquarantined;
  if (last?.address !== address) return adopt(question, address);
  if (isHolder(question, last)) return grant(question, address, 'renewed');
  return revive(question, address, 'renewed');
}

/**
 * A lease file that was put back may name the address that the client had before: where its record there was not
 * confirmed since, and ARP shows the client at the address that it renews, that one is its own. Undefined: it is not so.
 */
function moveBack(question: Question, address: Ipv4): Decision | undefined {
  const { leases, client, now, context, message, plan } = question;
  const binding = leases.bindingOf(client);
  if (!isBoundTo(binding, client, now) || binding.version > context.lastGapRevision) return undefined;
  if (plan.probeMilliseconds === 0 || !isFreeFor(question, address)) return undefined;
  const isAsked = context.answers.has(address);
  return !isAsked || context.answers.get(address) === message.hardware ? adopt(question, address) : undefined;
}

/** The client's own address that was put into quarantine, for what may have been itself. Undefined: it was not, or stays there. */
function endQuarantine(question: Question, address: Ipv4, reason: Reason): Decision | undefined {
  const quarantine = quarantineFor(question, address);
  if (quarantine === 'stands') return undefined;
  return quarantine === 'over' ? promise(question, address, reason) : quarantine;
}

/** A lease that has run out, or was released, and whose address nobody has taken since. */
function revive(question: Question, address: Ipv4, reason: Reason): Decision {
  if (!isFreeFor(question, address)) return silence('no-binding');
  return promise(question, address, reason);
}

/**
 * A client that uses an address without a record here: the store has lost its lease. If ARP shows the client itself at
 * the address, and nobody else, the lease is taken up again instead of a refusal; where the segment cannot be asked,
 * the client shows itself by sending from that address.
 */
function adopt(question: Question, address: Ipv4): Decision {
  const { arrival, message, plan, context } = question;
  if (!isFreeFor(question, address)) return silence('no-binding');
  if (!question.leases.canPromise) return silence('cannot-promise');
  if (plan.probeMilliseconds === 0) {
    return arrival.source === address ? grant(question, address, 'adopted') : silence('no-binding');
  }
  if (!context.answers.has(address))
    return ask(address, 'asking-address', question.now, plan.probeMilliseconds);
  const holder = context.answers.get(address);
  if (holder === undefined) return silence('no-binding');
  if (holder !== message.hardware) return quarantineInUse(question, address, holder);
  return grant(question, address, 'adopted');
}

/** Free for this client: in the pool, and neither taken nor on its way to another. */
function isFreeFor(question: Question, address: Ipv4): boolean {
  const { leases, client, now } = question;
  if (entitlementTo(address, question) !== 'lease' || leases.isInFlight(address)) return false;
  const standing = standingAt(leases, address, now);
  return !isTaken(standing, client, now, overBefore(question, standing));
}

/**
 * RFC 2131 §4.3.2: a client on the wrong network is told so, if this server speaks for the network. So is one whose address
 * is another's by settings or reservations, however long its lease still runs: the router, a gateway or the client that it
 * is reserved for is beside it there.
 */
function refuseForbidden(question: Question, address: Ipv4): Decision | undefined {
  const { plan, subnet, leases, client } = question;
  const entitlement = entitlementTo(address, question);
  if (entitlement === 'lease' || entitlement === 'rest') return undefined;
  if (!contains(subnet.prefix, address))
    return plan.authoritative ? refuse(question, address, 'wrong-network') : silence('wrong-network');
  const isOwn = leases.recordAt(address)?.client === client; // So that no other server can have given it.
  const reason = entitlement === 'reserved' ? 'reserved-for-another' : 'excluded';
  return plan.authoritative || isOwn ? refuse(question, address, reason) : silence(reason);
}

/**
 * RFC 2131 §4.3.2: a client whose notion of its address is incorrect gets a DHCPNAK; but only a live binding shows that.
 *
 * Deviates from RFC 2131 §4.3.2: an INIT-REBOOT client of which there is no record is refused if the address is
 * leased to another client; by §3.2 (4) it would otherwise go on using it beside its holder.
 */
function refuseAgainstLive(question: Question, address: Ipv4): Decision | undefined {
  const { leases, client, now } = question;
  const standing = standingAt(leases, address, now);
  if (standing?.state === 'bound' && standing.client !== client && isLive(standing, now)) {
    return refuseBecauseOf(question, address, standing, 'bound-to-another');
  }
  const binding = leases.bindingOf(client);
  if (isBoundTo(binding, client, now) && binding.address !== address) {
    return refuseBecauseOf(question, address, binding, 'bound-elsewhere');
  }
  return undefined;
}

/** RFC 2131 §4.3.2: another machine was just heard at the address, which the client would go on using beside it. */
function refuseInUse(question: Question, address: Ipv4): Decision | undefined {
  const { context, message, leases, now } = question;
  const holder = context.answers.get(address);
  const standing = standingAt(leases, address, now);
  if (holder === undefined || holder === message.hardware || standing?.state !== 'declined') return undefined;
  return refuseBecauseOf(question, address, standing, 'quarantined');
}

/**
 * True if the address is leased to this very network card under another client identifier: the boot loader, the
 * initial file system and the system itself often name themselves differently. The card keeps its address. Not if this
 * identifier has a lease elsewhere: only an offer moves that, or whoever knows the card could end it.
 */
function isOfSameMachine(question: Question, address: Ipv4): boolean {
  const { leases, client, message, plan, now } = question;
  const standing = standingAt(leases, address, now);
  return (
    plan.identity === 'auto' &&
    standing?.state === 'bound' &&
    standing.client !== client &&
    standing.hardware === message.hardware &&
    message.hardware !== NO_HARDWARE &&
    mayStand(question, standing) &&
    !isBoundTo(leases.bindingOf(client), client, now) // Not at this address, where another client is.
  );
}

/** What keeps a SELECTING client from the address that it names. */
function refuseTaken(question: Question, address: Ipv4): Decision | undefined {
  const { leases, client, now } = question;
  if (leases.isInFlight(address)) return silence('in-flight');
  const standing = standingAt(leases, address, now);
  if (standing === undefined || !isTaken(standing, client, now, overBefore(question, standing)))
    return undefined;
  if (isRivalBehind(question, standing)) return undefined;
  switch (standing.state) {
    case 'declined':
      return refuseBecauseOf(question, address, standing, 'quarantined');
    case 'offered':
      return refuseBecauseOf(question, address, standing, 'offered-to-another');
    default:
      return refuseBecauseOf(question, address, standing, 'bound-to-another');
  }
}

/** Grants an address after the segment has been asked, where nothing vouches for it. */
function promise(question: Question, address: Ipv4, reason: Reason): Decision {
  if (!question.leases.canPromise) return keepToPromise(question, address);
  return seeThatUnused(question, address) ?? grant(question, address, reason);
}

/** RFC 2131 §3.1 (4): the binding is committed to persistent storage, then the DHCPACK is sent. */
function grant(question: Question, address: Ipv4, reason: Reason): Decision {
  if (!question.leases.canPromise) return keepToPromise(question, address);
  const repeated = repeatLease(question, address);
  if (repeated !== undefined) return repeated;
  const isNew = !isHolder(question, question.leases.bindingOf(question.client));
  if (isNew && isOneTooMany(question, address)) return silence('too-many-identifiers');
  const change = bind(question, address, leaseSecondsOf(question, address), reason);
  const reply = leaseReply(question, 'DHCPACK', address);
  return { kind: 'reply', reply, destination: destinationOf(question, address), reason, change };
}
