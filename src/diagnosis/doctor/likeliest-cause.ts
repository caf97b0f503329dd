import type { RunningProblem } from '../running-problem.ts';
import type { Cause } from './cause.ts';
import {
  keptForRemoved,
  type RemovedReservation,
  type ReservedAddress,
  type ReservedHere,
  reservedAtOneOnly,
  waitsForReserved,
} from './reserved-address.ts';

/** A decision of the gateway about the guest. */
export interface GuestDecision {
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly reason: string;
  readonly address: string | null;
  /** The type of the guest's message: `DHCPDISCOVER`; `order`: no message of the guest led to it. */
  readonly type: string;
}

/** What is known about a guest that gets no address. */
export interface GuestFacts {
  /** Why no gateway answers, and what to do; undefined: one does. */
  readonly noAnswer: Cause | undefined;
  /** What stops every new guest. */
  readonly stopping: readonly RunningProblem[];
  /** The rule of the operator's that keeps this guest away, in words; undefined: none has. */
  readonly refusal: Cause | undefined;
  /** DHCP servers that are no gateways. */
  readonly rogues: readonly { readonly server: string; readonly hardware: string | null }[];
  /** The address of its running lease; undefined: it has none. */
  readonly leased: string | undefined;
  /** The node of the gateway that has granted that lease, and shares it with this one; undefined: this gateway has. */
  readonly granter?: string | undefined;
  /** The address that another gateway has leased to it, and that gateway; undefined: none is known to have. */
  readonly leasedElsewhere?: { readonly address: string; readonly gateway: string | null } | undefined;
  /** What this gateway has reserved for it; undefined: nothing, or it is not known. */
  readonly reservedHere?: ReservedHere | undefined;
  /** What is reserved for it, and is not its lease; undefined: nothing is, or it is not known. */
  readonly reserved?: ReservedAddress | undefined;
  /** The removed reservation of the address that it has, or was refused last; undefined: there is none, or it is not known. */
  readonly removed?: RemovedReservation | undefined;
  /** The newest at the end. */
  readonly decisions: readonly GuestDecision[];
  /** What each reason means, and the remedy if there is one. */
  explain(reason: string):
    | {
        readonly kind: string;
        readonly means: string;
        readonly remedy?: string;
        readonly isOthers?: true;
      }
    | undefined;
  /** Whether any message has reached the sockets in the last minutes. */
  readonly hearsOthers: boolean;
}

/** The type of a decision that no message led to. */
const NO_MESSAGE = 'order';
export const NOT_IN_POOL = 'not-in-pool';
const GRANTED_BY_PEER = 'peer-granted';
/** So many offers that nobody took mean that they do not arrive, or that another server's are taken. */
const MANY_OFFERS = 2;

/** The likeliest cause why a guest has no address: what stops all guests first, then what is said of this one. */
export function likeliestCause(facts: GuestFacts): Cause {
  const { noAnswer, stopping, refusal, decisions, leased, granter, leasedElsewhere } = facts;
  if (noAnswer !== undefined) return noAnswer;
  if (refusal !== undefined) return refusal;
  // A full pool takes nothing from a guest that has its address.
  const problem = stopping.find(({ name }) => name !== 'pool-full' || leased === undefined);
  if (problem !== undefined)
    return {
      cause: `no new guest gets an address: ${problem.message}`,
      remedy: problem.remedy || 'vps-gateway health',
    };
  const last = decisions.at(-1);
  const isElsewhere = last === undefined || last.reason === GRANTED_BY_PEER || isToAnother(facts, last);
  if (leased === undefined && leasedElsewhere !== undefined && isElsewhere)
    return servedElsewhere(facts, leasedElsewhere);
  if (last === undefined) return leased === undefined ? neverHeard(facts) : nothingWrong(facts, leased);
  const explained = facts.explain(last.reason);
  if (explained?.kind === 'reply') return answered(facts, last);
  if (leased !== undefined && granter !== undefined && isToAnother(facts, last))
    return nothingWrong(facts, leased);
  if (facts.removed !== undefined && last.reason === NOT_IN_POOL && last.address === facts.removed.address)
    return keptForRemoved(false, facts.removed);
  const means = explained?.means ?? last.reason;
  // An operator's order, or the end of a lease, says nothing against a guest that has one.
  if (last.type === NO_MESSAGE && leased !== undefined) return nothingWrong(facts, leased);
  const what = last.type === NO_MESSAGE ? 'what happened to it last' : `its last message (${last.type})`;
  return {
    cause: `${what}, at ${last.at}: ${means}`,
    remedy:
      explained === undefined ? `vps-gateway reasons ${last.reason}` : (explained.remedy ?? goesOn(last)),
  };
}

/** What there is to do where the reason has no remedy of its own. */
function goesOn({ type }: GuestDecision): string {
  return type === NO_MESSAGE
    ? 'nothing is to be done here: it is served when it asks; see in the guest that it runs, and that its DHCP client asks'
    : 'nothing is to be done here yet: a client asks again by itself within seconds; then ask this once more';
}

/** Its last message was another server's business, and no server is known that is none of the gateways. */
function isToAnother({ rogues, explain }: GuestFacts, { reason }: GuestDecision): boolean {
  return rogues.length === 0 && explain(reason)?.isOthers === true;
}

function neverHeard({ hearsOthers }: GuestFacts): Cause {
  if (hearsOthers)
    return {
      cause: 'no message of this guest has come to this gateway lately, while those of others do',
      remedy:
        "see that its card is in this VNet and VLAN, that its own firewall lets DHCP out, and that it asks at all (in the guest: a DHCP client; on its node: tcpdump -eni <its tap> 'udp port 67'); then run this on the other nodes",
    };
  return {
    cause: 'no message of any guest has come to this gateway lately',
    remedy: 'vps-gateway doctor, as root: it looks at interface, tunnel, VLANs and firewall',
  };
}

/** Its last message was answered. */
function answered(facts: GuestFacts, last: GuestDecision): Cause {
  const { decisions, rogues, leased } = facts;
  if (!last.reason.startsWith('offered')) return nothingWrong(facts, leased ?? last.address ?? 'its address');
  const offers = [...decisions].reverse().findIndex(({ reason }) => !reason.startsWith('offered'));
  const count = offers < 0 ? decisions.length : offers;
  const [rogue] = rogues;
  if (rogue !== undefined)
    return {
      cause: `it was offered ${last.address ?? 'an address'} and did not take it, and another DHCP server answers here: ${rogue.server}`,
      remedy:
        rogue.hardware === null
          ? 'find that server, and stop it'
          : `find it (bridge fdb show | grep -i ${rogue.hardware}), and stop its DHCP server`,
    };
  if (count < MANY_OFFERS)
    return {
      cause: `it was offered ${last.address ?? 'an address'} at ${last.at}, and has not asked for it yet`,
      remedy: 'wait some seconds, and ask again',
    };
  return {
    cause: `it was offered an address ${count} times and never asked for one: the offers do not arrive`,
    remedy:
      "see whether they come to its card (on its node: tcpdump -eni <its tap> 'udp port 68'); a firewall of the guest, or a bridge between the nodes, drops them",
  };
}

function servedElsewhere(
  { reservedHere }: GuestFacts,
  { address, gateway }: NonNullable<GuestFacts['leasedElsewhere']>,
): Cause {
  if (reservedHere !== undefined && reservedHere.address !== address)
    return reservedAtOneOnly(address, gateway, reservedHere);
  return {
    cause: `nothing is wrong with DHCP: it has ${address} from ${gateway ?? 'another gateway'}`,
    remedy: `if the guest does not show it, ask there: vps-gateway why, on the node of ${gateway ?? 'that gateway'}`,
  };
}

function nothingWrong({ reserved, removed, leased, granter }: GuestFacts, address: string): Cause {
  if (reserved !== undefined && reserved.address !== address) return waitsForReserved(address, reserved);
  if (removed?.address === address) return keptForRemoved(true, removed);
  const from = granter === undefined || address !== leased ? '' : ` from ${granter}`;
  return {
    cause: `nothing is wrong with DHCP: it has ${address}${from}`,
    remedy:
      'if the guest does not show it, look in the guest: its client, its own firewall; two cards with one MAC',
  };
}
