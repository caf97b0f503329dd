import type { QuietView } from '../../allocation/quiet-view.ts';
import type { ClientKey } from '../../lease/client-key.ts';
import type { Instant, Lease, Version } from '../../lease/lease.ts';
import type { LeaseChange, LeaseView } from '../../lease/lease-view.ts';
import type { BridgePort } from '../../net/bridge-port.ts';
import type { Arrival, Destination } from '../../net/datagram.ts';
import type { HardwareAddress } from '../../net/hardware-address.ts';
import type { Ipv4 } from '../../net/ipv4.ts';
import type { Plan } from '../../subnet/plan.ts';
import type { Message } from '../../wire/message.ts';
import type { Reply } from '../../wire/reply.ts';
import type { REASONS } from './reasons.ts';

type Rows = typeof REASONS;

/**
 * Why a message was answered, refused or ignored: the field of the log line, the label of the metric and what tests assert.
 * The engine uses each at the lines of its rule.
 */
export type Reason = keyof Rows;
/** Why a client gets a DHCPNAK. */
export type RefusalReason = {
  [Name in Reason]: Rows[Name] extends { readonly kind: 'refusal' } ? Name : never;
}[Reason];
/** Why a client gets no answer, and nothing is written. Four of these words may also be the reason of a DHCPNAK. */
export type SilenceReason = {
  [Name in Reason]: Rows[Name] extends { readonly kind: 'silence' } | { readonly mayBeSilence: true }
    ? Name
    : never;
}[Reason];

/** What one rule of several decides. Undefined: it does not apply, and the next rule decides. */
export type RuleDecision = Decision | undefined;

/** What to do about a message. */
export type Decision =
  /** Made by `replyWith` only. */
  | {
      readonly kind: 'reply';
      readonly reply: Reply;
      readonly destination: Destination;
      readonly reason: Reason;
      readonly change: LeaseChange | undefined;
      /** The other machine that the reason speaks of. */
      readonly other: HardwareAddress | undefined;
      /** A quiet address that is offered without a wait: the segment is asked for it beside the reply. */
      readonly quietOffer: Ipv4 | undefined;
      /** The address that the client did not have before: who is heard there by ARP until the reply leaves counts too. */
      readonly firstPromise: Ipv4 | undefined;
    }
  | {
      readonly kind: 'silence';
      readonly reason: Reason;
      readonly change?: LeaseChange;
      readonly other?: HardwareAddress;
    }
  /** Client and address (UNSPECIFIED: none) stay in flight; decided again when somebody answers ARP for the address, or at `until`. */
  | {
      readonly kind: 'wait';
      readonly until: Instant;
      readonly address: Ipv4;
      readonly probe: boolean;
      readonly reason: Reason;
      /** The message is left to this gateway meanwhile. */
      readonly leftTo?: Ipv4;
    }
  /** The change is made durable first, then the message is decided again. */
  | {
      readonly kind: 'again';
      readonly reason: Reason;
      readonly change: LeaseChange;
      readonly other?: HardwareAddress;
    };

/** What is known beside the message and the leases. */
export interface DecisionContext {
  /** The client's key, before clones are told apart. */
  readonly client: ClientKey;
  /** How long ago the datagram was read. */
  readonly ageMilliseconds: number;
  /** The store's revision when the datagram was read. */
  readonly readRevision: Version;
  /** Records up to this version have not been confirmed since we last may have missed something. */
  readonly lastGapRevision: Version;
  /** False: the clock is in doubt, and what has run out is not given to others. */
  readonly trustsClock: boolean;
  /** False: the lease may run still though its time is past by the clock, so that nobody else gets its address. */
  readonly mayBeOver: (lease: Lease) => boolean;
  /** The machine last heard by ARP at an address, if it is not the one in the record. Undefined: none is known. */
  readonly sightingAt: (address: Ipv4) => Sighting | undefined;
  /** The addresses that were asked for by ARP ahead of need. */
  readonly quietAddresses: QuietObservations;
  /** True if the address was offered to another client lately, without being held for it. */
  readonly isOfferedBeside: (address: Ipv4, client: ClientKey) => boolean;
  /** For a DHCPDECLINE: those of this network card in the last ten minutes, this one not counted. */
  readonly declines: number;
  /** What was heard of the other gateways. */
  readonly peerObservations: PeerObservations;
  /** The gateways that share the leases; undefined: the leases are this one's alone. */
  readonly clusterPeers: ClusterPeers | undefined;
  /** A DHCPDISCOVER, and this client has sent one just before it. */
  readonly isDiscoverRetry: boolean;
  /** The port of this host's bridge that the client's network card is behind; undefined or absent: not known. */
  readonly port?: BridgePort | undefined;
  /** The host that the client's machine is at. */
  readonly host?: GuestHost;
  /** A gateway that shares nothing with this one answers the guests of that host: a new one is left to it for a moment. */
  readonly isLeftToHost?: boolean;
  /**
   * The gateways that a guest may be left to for a moment, where gateways hear of each other and nothing more: those heard, or
   * shown by ARP where gateways may be, that are not known to leave guests unanswered. Absent: leases are shared.
   */
  readonly firstGateways?: ReadonlySet<Ipv4> | undefined;
  /** True if one more guest may be left to others: each waits here meanwhile. The exchange counts those that are left. */
  readonly mayLeaveGuest?: boolean;
  /** Leases that guests behind that port have, or that are being written for them. */
  readonly leasesAtPort?: number;
  /**
   * The lease that this message asks for was stored, and its DHCPACK not sent: another machine was heard at the address
   * meanwhile.
   */
  readonly isWithheld: boolean;
  /** True once a wait that asks nobody is over. */
  readonly waited: boolean;
  /** Who answered for each address that this message waited for; undefined: nobody did. Empty for most messages. */
  readonly answers: ReadonlyMap<Ipv4, HardwareAddress | undefined>;
  /** How each of those addresses was probed. Empty for most messages. */
  readonly probes: ReadonlyMap<Ipv4, PastProbe>;
}

/** The probes of one address for one message. */
export interface PastProbe {
  /** How many there were. */
  readonly count: number;
  /** When the last one ended: monotonic milliseconds. */
  readonly endedAt: number;
  /** How weak its answer is; absent: it is certain, or nobody has answered. */
  readonly weak?: WeakAnswer | undefined;
}

/**
 * How a request for an address stands beside those of other clients, to other gateways, for the same address at the same
 * moment: its client gets it, if anybody does; is refused; or only those two gateways know.
 */
export type RivalryOutcome = 'won' | 'lost' | 'open';

/** What was heard of the other gateways, each of which gives addresses of the same pool. */
export interface PeerObservations {
  /** Those heard lately, and when last. Empty: this gateway is alone. */
  readonly peers: ReadonlyMap<Ipv4, Instant>;
  /** True if ARP has found the gateway on the segment, within a maximum lease time; or if ARP can find nobody. */
  isThere(gateway: Ipv4): boolean;
  /** The length of a new claim: seconds. 0: ARP can show nobody, and what is heard is believed. */
  readonly claimSeconds: number;
  /** The address that this network card claims, if ARP has not shown it there yet. */
  claimOf(hardware: HardwareAddress): Ipv4 | undefined;
  /**
   * The peer's client, other than this one, that has just asked for an address, and that peer: the lowest, if several
   * have. Undefined: nobody has. `within`: only those that have asked for the first time so lately, in milliseconds.
   */
  rivalFor(address: Ipv4, client: ClientKey, within?: number): Rival | undefined;
  /** How a client's request to a peer for an address stands beside its rivals'; 'won' if there is none. */
  rivalryOf(address: Ipv4, client: ClientKey): RivalryOutcome;
  /**
   * The client, other than this one, that was heard last asking a peer for an address, and when; not one that has lost to a
   * rival. Undefined: none, as far as is known.
   */
  lastRequestFor(address: Ipv4, client: ClientKey | undefined): PeerRequest | undefined;
  /** When listening began. */
  readonly since: Instant;
}

/**
 * An answer to ARP that ends no lease, and puts no address into quarantine.
 * - once: a machine has answered only once, and may have answered for another. It is among the answers.
 * - doubtful: only machines have answered that are not believed. They are not among the answers: nobody is.
 */
export type WeakAnswer = 'once' | 'doubtful';

/** A machine that was heard by ARP. */
export interface Sighting {
  readonly hardware: HardwareAddress;
  readonly seenAt: Instant;
  /** The same by the monotonic clock: milliseconds. */
  readonly seenAtMonotonic: number;
  /** The newest change that was stored then. */
  readonly revision: Version;
}

/** The addresses that may be offered without a wait. */
export interface QuietObservations extends QuietView {
  /** How long an answer to the question beside an offer of this address is still waited for: milliseconds. */
  answersDueIn(address: Ipv4): number;
}

/** own: this host. An address: another host, whose tunnel ends there. Undefined: not known. */
export type GuestHost = 'own' | Ipv4 | undefined;

/** The gateways that share their leases. */
export interface ClusterPeers {
  /**
   * The gateway at another host that is alive, sees where its guests are plugged in, and grants now; undefined: there is none.
   *
   * @param host An address at which a tunnel of that host ends.
   */
  gatewayAt?(host: Ipv4): Ipv4 | undefined;
  /** The others that are alive, by their server identifiers. */
  readonly live: ReadonlySet<Ipv4>;
  /** Other gateways reuse the address of an ended lease only after so long, because clocks differ. */
  readonly graceMilliseconds: number;
}

export interface Rival {
  readonly granter: Ipv4;
  readonly client: ClientKey;
}

export interface PeerRequest extends Rival {
  readonly hardware: HardwareAddress;
  readonly on: Instant;
  /** The newest change that was stored then. */
  readonly revision: Version;
}

/**
 * A message that waited keeps its client and address in flight. They are released before it is decided again, so
 * `leases.isInFlight` is only about other messages.
 */
export type Decide = (
  message: Message,
  arrival: Arrival,
  context: DecisionContext,
  now: Instant,
  leases: LeaseView,
  plan: Plan,
) => Decision;
