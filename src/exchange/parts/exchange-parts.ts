import type {
  ClusterPeers,
  Decide,
  GuestHost,
  PeerObservations,
  QuietObservations,
  Sighting,
  WeakAnswer,
} from '../../engine/decision/decision.ts';
import type { ClientKey } from '../../lease/client-key.ts';
import type { Clock } from '../../lease/clock.ts';
import type { Lease, Version } from '../../lease/lease.ts';
import type { BridgePort } from '../../net/bridge-port.ts';
import type { Arrival } from '../../net/datagram.ts';
import type { HardwareAddress } from '../../net/hardware-address.ts';
import type { Ipv4 } from '../../net/ipv4.ts';
import type { LeaseStore } from '../../store/lease-store.ts';
import type { Plan } from '../../subnet/plan.ts';
import type { Transport } from '../../transport/transport.ts';
import type { Message } from '../../wire/message.ts';
import type { Observer } from '../observer/observer.ts';
import type { Timings } from '../observer/timings.ts';
import type { Admission } from './admission.ts';
import type { Pace } from './pace.ts';

/** What an exchange works with. */
export interface ExchangeParts {
  readonly transport: Transport;
  readonly store: LeaseStore;
  readonly decide: Decide;
  readonly clock: Clock;
  readonly plan: Plan;
  /** The set that the store's view answers `isInFlight` from; the exchange is its only writer. */
  readonly inFlight: Set<Ipv4>;
  readonly prober: Prober;
  readonly serverState: ServerState;
  readonly observer: Observer;
  /** Of 32 bits, and known to no client: for tables that forged addresses are not to hit. 0 if absent. */
  readonly seed?: number;
  /** Absent: nobody measures. */
  readonly timings?: Timings | undefined;
  /** Absent: each round begins at once. */
  readonly pace?: Pace | undefined;
  /** Runs a function when the timers that are due have run. Absent: at once. */
  readonly soon?: ((run: () => void) => void) | undefined;
  /** Checks of each message, after those of `basicAdmissions`. */
  readonly admissions?: readonly Admission[];
  /** Submits orders that free expired leases. False: there are none that could be freed. */
  readonly makeRoom?: () => boolean;
}

/** What the running server knows beside messages and leases. Most of it goes into the engine's `DecisionContext`. */
export interface ServerState {
  readonly lastGapRevision: Version;
  /** A round begins: what has arrived by ARP is to be known before it decides. */
  beginRound(): void;
  /** False: the wall clock is in doubt. Read once a round. */
  readonly trustsClock: boolean;
  /** False: the lease may still run, by the clocks as they were when `trustsClock` was read last. */
  mayBeOver(lease: Lease): boolean;
  readonly peerObservations: PeerObservations;
  /** Reads what has arrived by ARP: called before promises of new addresses leave. */
  readArp(): void;
  /** The machine last heard by ARP at an address, if it is not the one in the record. */
  sightingAt(address: Ipv4): Sighting | undefined;
  readonly quietAddresses: QuietObservations;
  /** A quiet address is being offered: the segment is to be asked for it. */
  noteQuietOffer(address: Ipv4): void;
  /** The gateways that share the leases; undefined: none do. */
  readonly clusterPeers: ClusterPeers | undefined;
  /** A DHCPDISCOVER of this sender was read. Called before it is decided. */
  noteDiscover(sender: ClientKey): void;
  /** True if the last DHCPDISCOVER of this sender came soon after another one. */
  isDiscoverRetry(sender: ClientKey): boolean;
  /** Messages may have been missed until now: they were dropped unread, or came while this gateway stood still. */
  noteGap(): void;
  /** A client has asked a server for an address. Called before its message is decided. */
  noteRequest(server: Ipv4, address: Ipv4, client: ClientKey, hardware: HardwareAddress): void;
  /** A client asks all gateways for an address that it remembers (INIT-REBOOT). Called before its message is decided. */
  noteReboot(address: Ipv4, hardware: HardwareAddress): void;
  /** A server has replied to somebody. Its message is not decided. */
  noteReply(message: Message, arrival: Arrival): void;
  /** DHCPDECLINEs of this network card in the last ten minutes, with any client identifier. */
  declinesOf(card: HardwareAddress): number;
  /** A DHCPDECLINE of this network card, for an address that it holds, was decided. */
  noteDecline(card: HardwareAddress): void;
  /**
   * True if a gateway at the host of this client answers its guests, and shares no leases with this one. To be called once
   * for a DHCPDISCOVER. Absent: nothing shows it.
   */
  isLeftToHost?(message: Message): boolean;
  /** Absent: the leases are shared. */
  readonly firstGateways?: FirstGateways | undefined;
  /**
   * A DHCPDISCOVER that was left to another gateway has waited to the end: nobody has answered it.
   *
   * @param gateway Undefined: that was the gateway at the client's host.
   */
  noteUnanswered?(message: Message, gateway: Ipv4 | undefined): void;
  /** Where guests are plugged in; absent: nothing shows it. */
  readonly guestPorts?: GuestPorts | undefined;
}

/** Behind which ports of the segment's bridge the clients' network cards are. It is asked in rounds, and keeps the answers. */
export interface GuestPorts {
  /** A message was read: where its card is plugged in is to be known before anything is done about it. */
  note(message: Message, arrival: Arrival): void;
  /** Finds out what is not known of the messages that were noted. */
  ask(): void;
  /** The port of a message's card. Undefined: not known, or a relay has sent it. It asks nobody. */
  portOf(message: Message): BridgePort | undefined;
  /** The host that a message's card is at. It asks nobody. */
  hostOf(message: Message): GuestHost;
}

/** The gateways that a guest may be left to for a moment, where gateways hear of each other and nothing more. */
export interface FirstGateways {
  /** @param now Monotonic milliseconds. */
  gatewaysAt(now: number): ReadonlySet<Ipv4>;
  /** True if one more guest may be left to others. It is not counted by this. */
  mayLeaveGuest(now: number): boolean;
  /** Counts a guest that is left to others. */
  noteLeft(now: number): void;
}

/** `weak`: absent for an answer that is certain, and where nobody has answered. */
export type ProbeDone = (holder: HardwareAddress | undefined, weak?: WeakAnswer) => void;

/** Asks the segment who holds an address. */
export interface Prober {
  /**
   * Calls `done` once, later: as soon as it is certain that a machine other than `own` has the address; else after the
   * milliseconds, with who else has answered and how weak that is, with `own` if only that has answered, or with undefined if
   * nobody has that is believed. Returns what cancels the question. 'too-many': so much is being asked that this is not;
   * `done` will not be called.
   *
   * @param own The machine that wants the address: its own answer does not end the question.
   */
  probe(
    address: Ipv4,
    own: HardwareAddress,
    milliseconds: number,
    done: ProbeDone,
  ): (() => void) | 'too-many';
}
