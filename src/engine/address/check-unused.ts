import { currentAt } from '../../allocation/availability.ts';
import type { Lease } from '../../lease/lease.ts';
import { type HardwareAddress, NO_HARDWARE } from '../../net/hardware-address.ts';
import type { Ipv4 } from '../../net/ipv4.ts';
import type { Decision, RuleDecision } from '../decision/decision.ts';
import { type DecisionInput, isHolder } from '../decision/decision-input.ts';
import { probe, quarantineInUse, silence, waitFor } from '../decision/outcome.ts';
import { requestStateTo } from '../decision/request-state.ts';
import { refuse } from '../reply/refuse.ts';
import { namesThisServer, serverNamedBy } from '../reply/reply.ts';
import { hasPeers, replaceEnded } from './peers.ts';

/** How long a quiet address is probed before it is leased without having been on offer: milliseconds. */
const QUIET_PROBE = 10;

/**
 * RFC 2131 §3.1 (2): before an address is promised, the server should see that it is not in use. The store vouches
 * for an address that this client had last, as long as nothing can have been missed since; for any other, the segment
 * is asked by ARP. Before that, a record of the address that is over is replaced by what was heard meanwhile.
 */
export function checkUnused(input: DecisionInput, address: Ipv4): RuleDecision {
  const { context, plan, now } = input;
  const over = replaceEnded(input, address);
  if (over !== undefined) return over;
  if (plan.probeMilliseconds === 0) return undefined;
  if (context.answers.has(address)) {
    const holder = context.answers.get(address);
    const isOwn = holder === undefined || holder === input.message.hardware;
    if (!isOwn) return endByAnswer(input, address, holder);
    if (isSeenAfterProbe(input, address))
      return probe(address, 'asking-address', now, plan.probeMilliseconds);
    return undefined;
  }
  if (!isVouchedFor(currentAt(input.leases, address, now), input))
    return probe(address, 'asking-address', now, probeTimeOf(input, address));
  const left = context.quietAddresses.answersDueIn(address);
  return left > 0 ? waitFor(address, 'awaiting-answers', now, Math.ceil(left)) : undefined;
}

/**
 * RFC 2131 §3.1 (2): another machine has answered for the address. Who has answered twice has it: it is put into quarantine,
 * and the message is decided again. After one answer alone the client gets a DHCPNAK or no answer, and nothing changes: a guest
 * may have answered for another machine. If the answer was true, the next question shows it.
 */
export function endByAnswer(input: DecisionInput, address: Ipv4, holder: HardwareAddress): Decision {
  const { message, context } = input;
  // A lease whose DHCPACK was withheld is stored already, and must not be confirmed when its client asks again.
  const isCertain = context.probes.get(address)?.weak !== 'once' || context.isWithheld;
  if (isCertain) return quarantineInUse(input, address, holder);
  // Only the server that a client selects refuses it: another one may know more of its lease.
  const isSelected =
    message.type === 'DHCPREQUEST' &&
    requestStateTo(serverNamedBy(input), message) === 'SELECTING' &&
    namesThisServer(input);
  return isSelected ? refuse(input, address, 'heard-once') : silence('heard-once');
}

/**
 * RFC 2131 §3.1 (2): how long it is probed for. A quiet one was asked for ahead of need: only what has happened since is to be
 * found out, in the time in which a machine that is awake answers. While other gateways are heard that may be giving it away
 * at this moment, it takes the whole time.
 */
function probeTimeOf(input: DecisionInput, address: Ipv4): number {
  const { probeMilliseconds } = input.plan;
  const isQuick = !hasPeers(input) && isQuietFor(input, address);
  return isQuick ? Math.min(QUIET_PROBE, probeMilliseconds) : probeMilliseconds;
}

/**
 * How long the segment is asked for an address that a client without a record says it has. Where nobody was there when it was
 * asked for ahead of need, the client has a moment to show itself, so that invented clients lock the free addresses for no
 * longer. Its answer, if it comes later, is heard, and gives it the whole time when it asks again.
 */
export function claimProbeTime({ context, plan }: DecisionInput, address: Ipv4): number {
  const isSilent = context.quietAddresses.isQuiet(address, NO_HARDWARE);
  return isSilent ? Math.min(QUIET_PROBE, plan.probeMilliseconds) : plan.probeMilliseconds;
}

/**
 * RFC 2131 §3.1 (2): an address that the segment was asked for ahead of need is offered at once, and asked for once more
 * beside. Another machine that is heard there by the time of the client's DHCPREQUEST makes it be asked for again.
 */
export function isQuietFor(input: DecisionInput, address: Ipv4): boolean {
  const { context, message } = input;
  return context.quietAddresses.isQuiet(address, message.hardware) && !isContested({ address }, input);
}

function isVouchedFor(lease: Lease | undefined, input: DecisionInput): boolean {
  return (
    lease !== undefined &&
    lease.client === input.client &&
    isOfOneMachine(lease, input) &&
    !isContested(lease, input) &&
    !isSeenAt(lease, input) &&
    lease.state !== 'declined' &&
    lease.state !== 'peer' &&
    lease.version > input.context.lastGapRevision
  );
}

/**
 * RFC 2131 §3.1 (2): another machine than the client was heard by ARP at the address since it was asked for. It may have
 * taken it through a gateway of which this one has missed the DHCPREQUEST, or be set to it by hand. Not for a lease that
 * the client holds: a forged ARP message would have its holder asked for, and who answers faster would take its address.
 */
function isSeenAt(lease: Lease, input: DecisionInput): boolean {
  const { isWithheld } = input.context;
  const isHeld: boolean = isHolder(input, lease);
  if (isHeld && !isWithheld) return false;
  const sighting = input.context.sightingAt(lease.address);
  if (sighting === undefined || sighting.hardware === input.message.hardware) return false;
  if (isWithheld) return true;
  return sighting.seenAt > lease.updatedAt || sighting.revision >= lease.version;
}

/**
 * RFC 2131 §3.1 (2): another machine was heard by ARP at the address after its probe had ended, while this message waited for
 * something else. The address is probed a second time, and only that: with ARP messages anybody could keep a client waiting.
 */
function isSeenAfterProbe(input: DecisionInput, address: Ipv4): boolean {
  const { context, message, leases, now } = input;
  const probed = context.probes.get(address);
  const sighting = context.sightingAt(address);
  if (probed === undefined || probed.count > 1 || sighting === undefined) return false;
  if (sighting.hardware === message.hardware || sighting.seenAtMonotonic < probed.endedAt) return false;
  const isHeld: boolean = isHolder(input, currentAt(leases, address, now));
  return !isHeld;
}

/** Another gateway was heard giving the address to another client, for as long as that one may have it. */
export function isContested(
  { address }: Pick<Lease, 'address'>,
  { context, client, now, subnet }: DecisionInput,
): boolean {
  const asked = context.peerObservations.lastRequestFor(address, client);
  return asked !== undefined && now - asked.on < subnet.leaseTimes.maximum * 1000;
}

/**
 * False: a clone of this machine may have had the address, or another card for which it is reserved, and may have it still,
 * whatever the store says.
 */
function isOfOneMachine({ hardware }: Lease, { plan, message, reservation }: DecisionInput): boolean {
  return hardware === message.hardware || (plan.identity !== 'auto' && reservation === undefined);
}
