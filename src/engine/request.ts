import { currentAt, isBoundTo, isTaken } from '../allocation/availability.ts';
import { NOBODY } from '../lease/client-key.ts';
import { NO_HARDWARE } from '../net/hardware-address.ts';
import { type Ipv4, UNSPECIFIED } from '../net/ipv4.ts';
import { contains } from '../net/prefix.ts';
import { checkUnused, claimProbeTime, endByAnswer } from './address/check-unused.ts';
import { recordOtherSelection } from './address/heard-selection.ts';
import { exceedsLeasesPerMac, useOfCardLease } from './address/leases-of-card.ts';
import { leaveToShare } from './address/leave-to-gateway.ts';
import { moveToReserved } from './address/move-to-reserved.ts';
import {
  deferToGranter,
  hasPeers,
  isGrantedHere,
  isTakenSince,
  replaceUnanswered,
  waitForRival,
} from './address/peers.ts';
import { quarantineFor } from './address/quarantine.ts';
import { exceedsShareOfPort } from './address/share-of-port.ts';
import { bindingChange } from './binding-change.ts';
import { confirmCommitted } from './confirm-committed.ts';
import type { Decision, Reason, RuleDecision } from './decision/decision.ts';
import {
  type DecisionInput,
  entitlementTo,
  isHolder,
  mayBeLive,
  reusableBefore,
} from './decision/decision-input.ts';
import { probe, replyWith, silence } from './decision/outcome.ts';
import { requestStateTo } from './decision/request-state.ts';
import { repeatLease } from './lease-cache.ts';
import { destinationOf } from './reply/destination.ts';
import { refuse, refuseBecauseOf, refuseReserved } from './reply/refuse.ts';
import { leaseReply, leaseSecondsOf, namesThisServer, serverNamedBy } from './reply/reply.ts';
import {
  refuseAgainstLive,
  refuseAtEnd,
  refuseForbidden,
  refuseInUse,
  refuseTaken,
} from './request-refusals.ts';
import {
  hasNoAddress,
  isOffered,
  offeredAddress,
  rebootAddress,
  renewsOwnAddress,
} from './requested-address.ts';

const SERVER_IDENTIFIER = 54;

/** RFC 2131 §4.3.2: a DHCPREQUEST, by the state that its client is in. */
export function answerRequest(input: DecisionInput): Decision {
  const { message } = input;
  const server = serverNamedBy(input);
  const address = message.requestedAddress ?? UNSPECIFIED;
  switch (requestStateTo(server, message)) {
    case 'SELECTING':
      return renewsOwnAddress(input, address)
        ? extend(input, message.ciaddr)
        : select(input, address === UNSPECIFIED ? offeredAddress(input) : address);
    case 'INIT-REBOOT':
      return reboot(input, address);
    case 'RENEWING-OR-REBINDING':
      if (server !== undefined && !namesThisServer(input)) return silence('not-for-us');
      return hasNoAddress(input)
        ? reboot(input, rebootAddress(input, address))
        : extend(input, message.ciaddr);
    case undefined:
      return silence('unknown-state');
  }
}

/** RFC 2131 §4.3.2, SELECTING: the client has chosen an offer, ours or another server's. */
function select(input: DecisionInput, address: Ipv4): Decision {
  const { leases, client, now } = input;
  if (address === UNSPECIFIED) return silence('unknown-state');
  if (!namesThisServer(input)) return recordOtherSelection(input, address);

  // The client names us, so every reason to refuse is our own knowledge.
  if (!contains(input.subnet.prefix, address)) return refuse(input, address, 'wrong-network');
  const entitlement = entitlementTo(address, input);
  if (entitlement === 'nothing') return refuse(input, address, 'excluded');
  if (entitlement === 'reserved') return refuseReserved(input, address, address, 'reserved-for-another');
  // Sent again: of its first DHCPACK the client knows nothing, and another may have its address since.
  const lease = leases.recordAt(address);
  if (isBoundTo(lease, client, now))
    return replaceUnanswered(input, lease) ?? grantUnused(input, address, 'renewed');
  if (entitlement === 'keep-until-end') return refuse(input, address, 'not-in-pool');

  const use = isOffered(input, address) ? undefined : useOfCardLease(input, address);
  if (use?.kind === 'wait') return use;
  const refusal = use?.kind === 'unused' ? undefined : refuseTaken(input, address);
  if (refusal !== undefined) return refusal;
  const binding = leases.bindingOf(client);
  if (isBoundTo(binding, client, now) && !isOffered(input, address)) {
    // What waited may not undo what came after it.
    if (binding.version > input.context.readRevision) return silence('overtaken');
    return refuseBecauseOf(input, address, binding, 'bound-elsewhere');
  }
  return acceptOffer(input, address);
}

/** RFC 2131 §3.1 (4): the client takes what it was offered; its lease of another address ends with that. */
function acceptOffer(input: DecisionInput, address: Ipv4): Decision {
  const { leases, client, context } = input;
  const binding = leases.bindingOf(client);
  const isMoving = isHolder(input, binding) && binding.address !== address;
  if (isMoving && binding.version > context.readRevision) return silence('overtaken');
  return waitForRival(input, address) ?? grantUnused(input, address, isMoving ? 'moved' : 'bound');
}

/** RFC 2131 §4.3.2, INIT-REBOOT: the client wants to go on with an address that it remembers. */
function reboot(input: DecisionInput, address: Ipv4): Decision {
  const { leases, client, message } = input;
  const refusal = refuseBefore(input, address);
  if (refusal !== undefined) return refusal;
  if (isOfSameMachine(input, address)) return grantUnused(input, address, 'rebooted');
  // Deviates from RFC 2131 §4.3.2: a SELECTING client that does not say which server it has selected gets what it was
  // just offered; some boot loaders leave option 54 out, or fill in 0.0.0.0.
  if (isOffered(input, address)) {
    const accepted = acceptOffer(input, address);
    // It names no server: what it goes on with may be another gateway's, and that one's rival is no reason to refuse it.
    return accepted.reason === 'rival-won' ? silence('not-for-us') : accepted;
  }
  const contradiction = refuseInUse(input, address) ?? refuseAgainstLive(input, address);
  if (contradiction !== undefined) return mayHaveSelectedPeer(input) ? silence('not-for-us') : contradiction;
  const unquarantined = endQuarantine(input, address, 'rebooted');
  if (unquarantined !== undefined) return unquarantined;

  // "If the DHCP server has no record of this client, then it MUST remain silent."
  const last = leases.bindingOf(client);
  if (last === undefined || last.address !== address)
    return message.ciaddr === address ? adopt(input, address) : silence('no-binding');
  const isOurs: boolean = isHolder(input, last);
  if (isOurs) return grantUnused(input, address, 'rebooted');
  const isPeers = last.state === 'peer' && !isGrantedHere(input, last);
  return (isPeers ? deferToGranter(input, address) : undefined) ?? renewExpired(input, address, 'rebooted');
}

/** What keeps a client from going on with an address, whoever has it. */
function refuseBefore(input: DecisionInput, address: Ipv4): RuleDecision {
  return (
    refuseForbidden(input, address) ??
    leaveToShare(input, address) ??
    moveToReserved(input, address) ??
    refuseAtEnd(input, address)
  );
}

/** True for a client that selects a server without naming it, while others are heard: it may be one of them. */
function mayHaveSelectedPeer(input: DecisionInput): boolean {
  return input.message.has(SERVER_IDENTIFIER) && hasPeers(input);
}

/**
 * RFC 2131 §4.3.2, RENEWING (unicast) and REBINDING (broadcast): the client is configured and wants to go on. "The DHCP
 * server SHOULD check 'ciaddr' for correctness before replying."
 */
function extend(input: DecisionInput, address: Ipv4): Decision {
  const { leases, client } = input;
  const refusal = refuseBefore(input, address);
  if (refusal !== undefined) return refusal;
  if (isOfSameMachine(input, address)) return grantUnused(input, address, 'renewed');
  const contradiction = refuseAgainstLive(input, address);
  if (contradiction !== undefined) return moveBack(input, address) ?? contradiction;

  const last = leases.bindingOf(client);
  const unquarantined = endQuarantine(input, address, last?.address === address ? 'renewed' : 'adopted');
  if (unquarantined !== undefined) return unquarantined;
  if (last?.address !== address) return adopt(input, address);
  if (isHolder(input, last)) return grant(input, address, 'renewed');
  return renewExpired(input, address, 'renewed');
}

/**
 * An older lease file that was put back may name the address that the client had before. If that record was not confirmed since,
 * and ARP shows the client at the address that it renews, the client has the address that it renews.
 */
function moveBack(input: DecisionInput, address: Ipv4): RuleDecision {
  const { leases, client, now, context, message, plan } = input;
  const binding = leases.bindingOf(client);
  if (!isBoundTo(binding, client, now) || binding.version > context.lastGapRevision) return undefined;
  if (plan.probeMilliseconds === 0 || !isFreeFor(input, address)) return undefined;
  const isAsked = context.answers.has(address);
  return !isAsked || context.answers.get(address) === message.hardware ? adopt(input, address) : undefined;
}

/** The client's own address that was put into quarantine, for what may have been itself. Undefined: it was not, or stays there. */
function endQuarantine(input: DecisionInput, address: Ipv4, reason: Reason): RuleDecision {
  const quarantine = quarantineFor(input, address);
  if (quarantine === 'stands') return undefined;
  return quarantine === 'over' ? grantUnused(input, address, reason) : quarantine;
}

/**
 * A lease that has run out, or was released, or that another gateway granted, and whose address nobody has taken since: a
 * client that was heard selecting it at another gateway, while this one listened or asked by ARP, has it by now.
 */
function renewExpired(input: DecisionInput, address: Ipv4, reason: Reason): Decision {
  if (!isFreeFor(input, address)) return silence('no-binding');
  const current = currentAt(input.leases, address, input.now);
  if (current?.state === 'peer' && isTakenSince(input, current)) return silence('no-binding');
  return grantUnused(input, address, reason);
}

/**
 * A client that uses an address without a record here: the store has lost its lease. If ARP shows the client itself at
 * the address, and nobody else, the lease is taken up again instead of a refusal; where the segment cannot be asked,
 * the client shows itself by sending from that address.
 */
function adopt(input: DecisionInput, address: Ipv4): Decision {
  const { arrival, message, plan, context } = input;
  if (!isFreeFor(input, address)) return silence('no-binding');
  if (!input.leases.canPromise) return silence('cannot-promise');
  if (plan.probeMilliseconds === 0) {
    return arrival.source === address ? grant(input, address, 'adopted') : silence('no-binding');
  }
  if (!context.answers.has(address))
    return probe(address, 'asking-address', input.now, claimProbeTime(input, address));
  const holder = context.answers.get(address);
  if (holder === undefined) return silence('no-binding');
  if (holder !== message.hardware) return endByAnswer(input, address, holder);
  return grant(input, address, 'adopted');
}

/**
 * Free for this client: in the pool, and neither taken nor on its way to another. An address that a peer's client has, nobody
 * knows which, may be this client's own: the caller asks by ARP.
 */
function isFreeFor(input: DecisionInput, address: Ipv4): boolean {
  const { leases, client, now } = input;
  if (entitlementTo(address, input) !== 'lease' || leases.isInFlight(address)) return false;
  const current = currentAt(leases, address, now);
  const isUnknown = current?.state === 'peer' && current.client === NOBODY;
  return isUnknown || !isTaken(current, client, now, reusableBefore(input, current));
}

/**
 * True if the address is leased to this very network card under another client identifier: the boot loader, the
 * initial file system and the system itself often name themselves differently. The card keeps its address. Not if this
 * identifier has a lease elsewhere: only an offer moves that, or whoever knows the card could end it.
 */
function isOfSameMachine(input: DecisionInput, address: Ipv4): boolean {
  const { leases, client, message, plan, now, reservation } = input;
  const current = currentAt(leases, address, now);
  return (
    (plan.identity === 'auto' || reservation !== undefined) &&
    current?.state === 'bound' &&
    current.client !== client &&
    current.hardware === message.hardware &&
    message.hardware !== NO_HARDWARE &&
    mayBeLive(input, current) &&
    !isBoundTo(leases.bindingOf(client), client, now) // Not at this address, where another client is.
  );
}

/** Grants an address after the segment has been asked, where nothing vouches for it. */
function grantUnused(input: DecisionInput, address: Ipv4, reason: Reason): Decision {
  if (!input.leases.canPromise) return confirmCommitted(input, address);
  return checkUnused(input, address) ?? grant(input, address, reason);
}

/** RFC 2131 §3.1 (4): the binding is committed to persistent storage, then the DHCPACK is sent. */
function grant(input: DecisionInput, address: Ipv4, reason: Reason): Decision {
  if (!input.leases.canPromise) return confirmCommitted(input, address);
  const repeated = repeatLease(input, address);
  if (repeated !== undefined) return repeated;
  const isNew = !isHolder(input, input.leases.bindingOf(input.client));
  if (isNew && exceedsLeasesPerMac(input, address)) return silence('too-many-identifiers');
  if (isNew && exceedsShareOfPort(input)) return silence('share-of-port');
  const reply = leaseReply(input, 'DHCPACK', address);
  const change = bindingChange(input, address, leaseSecondsOf(input, address), reason);
  return replyWith(reply, destinationOf(input, address), reason, change, isNew ? address : undefined);
}
