import {
  type Instant,
  type Lease,
  type LeaseRecord,
  type LeaseState,
  later,
  type OutsideIds,
  type Version,
} from '../../lease/lease.ts';
import type { LeaseChange, LeaseWrite } from '../../lease/lease-view.ts';
import type { Destination } from '../../net/datagram.ts';
import type { HardwareAddress } from '../../net/hardware-address.ts';
import type { Ipv4 } from '../../net/ipv4.ts';
import { clientFqdnOf } from '../../wire/client-fqdn.ts';
import type { Message } from '../../wire/message.ts';
import type { Reply } from '../../wire/reply.ts';
import type { Decision, Reason, SilenceReason } from './decision.ts';
import type { DecisionInput } from './decision-input.ts';

type Answer = Extract<Decision, { kind: 'reply' }>;
type Silence = Extract<Decision, { kind: 'silence' }>;
export type Wait = Extract<Decision, { kind: 'wait' }>;
type Again = Extract<Decision, { kind: 'again' }>;

/**
 * A reply. All have the same members in the same order, also those that are undefined: V8 reads objects fast if they are of few
 * kinds.
 */
export function replyWith(
  reply: Reply,
  destination: Destination,
  reason: Reason,
  change: LeaseChange | undefined,
  firstPromise?: Ipv4,
  quietOffer?: Ipv4,
  other?: HardwareAddress,
): Answer {
  return { kind: 'reply', reply, destination, reason, change, other, quietOffer, firstPromise };
}

const SILENCES = new Map<SilenceReason, Silence>();

/** No reply and no write. One value for each reason. */
export function silence(reason: SilenceReason): Silence {
  let decision = SILENCES.get(reason);
  if (decision === undefined) {
    decision = { kind: 'silence', reason };
    SILENCES.set(reason, decision);
  }
  return decision;
}

/** Asks the segment for an address, and decides again with the answer. */
export function probe(address: Ipv4, reason: Reason, now: Instant, milliseconds: number): Wait {
  return { kind: 'wait', until: (now + milliseconds) as Instant, address, probe: true, reason };
}

/** Waits without asking anybody, and decides again. */
export function waitFor(address: Ipv4, reason: Reason, now: Instant, milliseconds: number): Wait {
  return { kind: 'wait', until: (now + milliseconds) as Instant, address, probe: false, reason };
}

/** What a write by this client leaves at an address, for so many seconds. */
export function recordOf(
  input: DecisionInput,
  state: LeaseState,
  seconds: number,
  ids?: OutsideIds,
): LeaseRecord {
  return {
    client: input.client,
    hardware: input.message.hardware,
    state,
    expiresAt: later(input.now, seconds),
    leaseSeconds: seconds,
    hostname: hostNameOf(input.message),
    ids,
  };
}

const CLIENT_FQDN = 81;

/** Option 12; or the name in option 81, which some systems send in its place (RFC 4702 §3.1). */
function hostNameOf(message: Message): string | undefined {
  const hostName = message.hostName;
  if (hostName !== undefined) return hostName;
  const value = message.raw(CLIENT_FQDN);
  return value === undefined ? undefined : clientFqdnOf(value)?.name;
}

/** A record as it was, but free from now on. */
export function freedRecord(lease: Lease, now: Instant): LeaseRecord {
  return { client: lease.client, hardware: lease.hardware, state: 'free', expiresAt: now };
}

/** A change of the asking client's leases, resting on its binding and on what stands at the addresses it writes. */
export function changeOf(
  input: DecisionInput,
  kind: LeaseChange['kind'],
  reason: Reason,
  writes: readonly LeaseWrite[],
): LeaseChange {
  const expectedBindingVersion: Version = input.leases.bindingOf(input.client)?.version ?? 0;
  return { kind, client: input.client, expectedBindingVersion, writes, at: input.now, reason };
}

/** How long an address is kept out of use when ARP names a holder that we did not lease it to: seconds. */
const CONFLICT_QUARANTINE = 600;

/**
 * Another machine answers for an address: it goes into quarantine, for minutes only, since a bridge with ARP
 * suppression may have answered from memory; then the message is decided again. The record keeps who answered: if that
 * is the client that had the address last, it goes on with it when it asks.
 */
export function quarantineInUse(input: DecisionInput, address: Ipv4, holder: HardwareAddress): Again {
  const { leases, now } = input;
  const current = leases.recordAt(address) ?? leases.at(address);
  const next: LeaseRecord = {
    client: current?.client ?? input.client,
    hardware: holder,
    state: 'declined',
    expiresAt: later(now, CONFLICT_QUARANTINE),
    leaseSeconds: CONFLICT_QUARANTINE,
  };
  const writes = [{ address, expectedVersion: leases.at(address)?.version ?? 0, next }];
  const isLastClient = current?.hardware === holder && current.state !== 'declined';
  const reason: Reason = isLastClient ? 'still-in-use' : 'address-in-use';
  return { kind: 'again', reason, change: changeOf(input, 'binding', reason, writes), other: holder };
}
