import { leaseSecondsFor, renewalTimesFor } from '../../allocation/lease-time.ts';
import { INFINITE_SECONDS, type Instant, NEVER } from '../../lease/lease.ts';
import { lengthOf } from '../../lease/lease-end.ts';
import { type Ipv4, UNSPECIFIED } from '../../net/ipv4.ts';
import { broadcastOf } from '../../net/prefix.ts';
import type { Message } from '../../wire/message.ts';
import { RELAY_AGENT_INFORMATION } from '../../wire/option-fields.ts';
import type { OptionBlock, Reply, ReplyType } from '../../wire/reply.ts';
import { type DecisionInput, entitlementTo } from '../decision/decision-input.ts';
import { fileFieldOf } from './boot-terms.ts';
import { chooseParameters } from './choose-parameters.ts';
import { clientFqdnFor } from './client-fqdn-reply.ts';
import { termsFor } from './own-terms.ts';

const LEASE_TIME = 51;
const SERVER_IDENTIFIER = 54;
const MESSAGE = 56;
const RENEWAL_TIME = 58;
const REBINDING_TIME = 59;
const CLIENT_IDENTIFIER = 61;
const RAPID_COMMIT = 80;
const CLIENT_FQDN = 81;
const MACHINE_IDENTIFIER = 97;
const SUBNET_SELECTION = 118;

/** Octets of IPv4 and UDP headers, which the sizes of RFC 2132 §9.10 and RFC 1542 §2.1 include. */
const HEADER_BYTES = 28;
/** RFC 2131 §2: what every client must be prepared to receive. */
const MINIMUM_MAXIMUM_SIZE = 576;
/** RFC 951 §3: a BOOTP message has 300 octets. */
const BOOTP_SIZE = 300;
/** A client waits so long at most at another address than the one that is reserved for it: seconds. */
const WAITING_SECONDS = 600;
const EMPTY = new Uint8Array(0);
const TEXT = new TextEncoder();

/** RFC 2131 §4.3.1: the lease time, in seconds, that this client gets for an address now. */
export function leaseSecondsOf(input: DecisionInput, address: Ipv4): number {
  const { reservation, message } = input;
  const isBeside = reservation !== undefined && reservation.address !== address;
  const most = isBeside ? WAITING_SECONDS : INFINITE_SECONDS;
  // What is in no pool any more may be kept until the lease ends, and not longer.
  if (entitlementTo(address, input) !== 'lease') return Math.min(secondsKept(input, address), most);
  // Deviates from RFC 2131 §4.3.1: a client with a binding that names no lease time is offered the default one, not
  // what is left, for that is what the DHCPACK will grant; else a guest that boots with a minute left gets a minute.
  return Math.min(leaseSecondsFor(message.leaseTime, termsFor(input).leaseTimes), most);
}

/** What is left of a lease; all of it while nobody knows how much that is. */
function secondsKept(input: DecisionInput, address: Ipv4): number {
  const { context, leases, now } = input;
  const lease = leases.recordAt(address);
  const isDoubtful = lease !== undefined && (!context.trustsClock || lease.expiresAt <= now);
  const isKnown = !isDoubtful || lease.leaseSeconds === 0 || context.mayBeOver(lease);
  return isKnown ? secondsLeft(input, address) : lease.leaseSeconds;
}

/** How long the lease of an address still runs, in seconds; at least 1. */
export function secondsLeft({ leases, now }: DecisionInput, address: Ipv4): number {
  const lease = leases.recordAt(address);
  if (lease === undefined) return 1;
  // Of a lease that was given by a clock far ahead no more is left than it was given for.
  const end = lease.expiresAt === NEVER ? NEVER : Math.min(lease.expiresAt, now + lengthOf(lease));
  return Math.max(1, secondsUntil(end as Instant, now));
}

/** Whole seconds; below 0: it is over. */
export function secondsUntil(end: Instant, now: Instant): number {
  return end === NEVER ? INFINITE_SECONDS : Math.floor((end - now) / 1000);
}

/** RFC 2131 §4.3.1, table 3: DHCPOFFER and DHCPACK of a lease. */
export function leaseReply(
  input: DecisionInput,
  type: 'DHCPOFFER' | 'DHCPACK',
  yiaddr: Ipv4,
  leaseSeconds = leaseSecondsOf(input, yiaddr),
): Reply {
  const { message, client } = input;
  const times = renewalTimesFor(leaseSeconds, client, termsFor(input).renewal);
  const required: OptionBlock[] = [
    { code: SERVER_IDENTIFIER, value: serverIdentifierOf(input) },
    { code: LEASE_TIME, value: leaseSeconds },
  ];
  if (times !== undefined) {
    required.push(
      { code: RENEWAL_TIME, value: times.renewal },
      { code: REBINDING_TIME, value: times.rebinding },
    );
  }
  // RFC 4039 §3.1: the DHCPACK to a DHCPDISCOVER carries the rapid commit option.
  if (type === 'DHCPACK' && message.type === 'DHCPDISCOVER')
    required.push({ code: RAPID_COMMIT, value: EMPTY });
  // RFC 4702 §4: only in DHCPOFFER and DHCPACK, and only to a client that has sent it.
  if (message.has(CLIENT_FQDN)) {
    const fqdn = clientFqdnFor(input);
    if (fqdn !== undefined) required.push(fqdn);
  }
  // RFC 2131 table 3: ciaddr is 0 in a DHCPOFFER, the request's own in a DHCPACK.
  const ciaddr = type === 'DHCPACK' ? message.ciaddr : UNSPECIFIED;
  return replyTo(input, type, ciaddr, yiaddr, required);
}

/** RFC 2131 §4.3.5: the answer to a DHCPINFORM has no lease times, and no yiaddr. */
export function informReply(input: DecisionInput): Reply {
  const { ciaddr, giaddr } = input.message;
  const required = [{ code: SERVER_IDENTIFIER, value: serverIdentifierOf(input) }];
  const reply = replyTo(input, 'DHCPACK', ciaddr, UNSPECIFIED, required);
  // RFC 1542 §4.1.2: a relay agent sends to yiaddr, which is 0 here, unless the broadcast bit is set.
  return { ...reply, setsBroadcastBit: giaddr !== UNSPECIFIED };
}

/** RFC 1534 §2: a BOOTREPLY has no message type, no lease times, and the size of a BOOTP message. */
export function bootpReply(input: DecisionInput, yiaddr: Ipv4): Reply {
  return replyTo(input, 'BOOTREPLY', input.message.ciaddr, yiaddr, []);
}

/**
 * RFC 2131 §4.3.1, table 3: a DHCPNAK says who sends it, to whom, and why. RFC 3046 §2.2: it also returns the relay agent
 * information.
 */
export function nakReply(input: DecisionInput, text: string): Reply {
  const { message } = input;
  const options: OptionBlock[] = [{ code: SERVER_IDENTIFIER, value: serverIdentifierOf(input) }];
  echo(message, CLIENT_IDENTIFIER, options);
  options.push({ code: MESSAGE, value: TEXT.encode(text) });
  return {
    type: 'DHCPNAK',
    request: message,
    ciaddr: UNSPECIFIED,
    yiaddr: UNSPECIFIED,
    siaddr: UNSPECIFIED,
    bootFile: undefined,
    // RFC 2131 §4.3.2: through a relay the broadcast bit is set, for the client may not have a usable address.
    setsBroadcastBit: message.giaddr !== UNSPECIFIED,
    options,
    relayAgentInformation: message.raw(RELAY_AGENT_INFORMATION),
    maximumSize: maximumSizeOf(message),
    mayOverload: false,
  };
}

/** Whom a message names as its server; undefined: nobody, for no server has the segment's own addresses either. */
export function serverNamedBy({ message, subnet }: DecisionInput): Ipv4 | undefined {
  const named = message.serverIdentifier;
  return named === subnet.prefix.network || named === broadcastOf(subnet.prefix) ? undefined : named;
}

/** True if a message names this server: by the listen IP, or by what its relay puts in its place (RFC 5107 §4). */
export function namesThisServer(input: DecisionInput): boolean {
  const named = input.message.serverIdentifier;
  return named === input.plan.serverIdentifier || named === serverIdentifierOf(input);
}

/** RFC 5107 §4: the relay's address, where it asks to be put in this server's place; else the listen IP. */
function serverIdentifierOf({ message, plan }: DecisionInput): Ipv4 {
  const override = message.giaddr === UNSPECIFIED ? undefined : message.relayAgent?.serverIdentifierOverride;
  return override ?? plan.serverIdentifier;
}

/** All duties that hold in every reply are here. */
function replyTo(
  input: DecisionInput,
  type: ReplyType,
  ciaddr: Ipv4,
  yiaddr: Ipv4,
  required: OptionBlock[],
): Reply {
  const { message } = input;
  const terms = termsFor(input);
  const boot = terms.isBooting === true ? terms.boot : undefined;
  // RFC 4578 §2.3: the machine's identifier is in all messages of PXE, from servers too.
  if (boot !== undefined) echo(message, MACHINE_IDENTIFIER, required);
  // RFC 6842 §3: the client identifier is returned; it overrides RFC 2131 table 3.
  echo(message, CLIENT_IDENTIFIER, required);
  // RFC 3011 §2: so is the subnet selection option, asked for or not; but not where it is ignored.
  if (input.plan.subnetSelection) echo(message, SUBNET_SELECTION, required);
  return {
    type,
    request: message,
    ciaddr,
    yiaddr,
    // RFC 2131 §2: the server that has the boot file, and its name; only for machines that boot over the network.
    siaddr: boot?.nextServer ?? UNSPECIFIED,
    bootFile: boot === undefined ? undefined : fileFieldOf(terms),
    setsBroadcastBit: false,
    options: chooseParameters(message.parameterRequestList, required, terms),
    // RFC 3046 §2.2: in all replies.
    relayAgentInformation: message.raw(RELAY_AGENT_INFORMATION),
    maximumSize: type === 'BOOTREPLY' ? BOOTP_SIZE : maximumSizeOf(message),
    mayOverload: type !== 'BOOTREPLY',
  };
}

function echo(message: Message, code: number, options: OptionBlock[]): void {
  const value = message.raw(code);
  if (value !== undefined) options.push({ code, value });
}

/** RFC 2132 §9.10: the client's limit, never under 576 octets with headers; as octets of UDP payload. */
function maximumSizeOf(message: Message): number {
  return Math.max(message.maximumSize ?? 0, MINIMUM_MAXIMUM_SIZE) - HEADER_BYTES;
}
