import type { ClusterPeersView } from '../../detection/cluster-peers.ts';
import type { SegmentObserver } from '../../detection/segment-observer.ts';
import type { RunningProblem } from '../../diagnosis/running-problem.ts';
import type { Decide } from '../../engine/decision/decision.ts';
import type { Observer } from '../../exchange/observer/observer.ts';
import type { Pace } from '../../exchange/parts/pace.ts';
import type { Clock } from '../../lease/clock.ts';
import type { MachineBoot } from '../../lease/clock-note.ts';
import type { Log } from '../../log/log.ts';
import type { HardwareAddress } from '../../net/hardware-address.ts';
import type { Ipv4 } from '../../net/ipv4.ts';
import type { ListenAddress } from '../../net/listen-address.ts';
import type { Counters } from '../../reporting/counters.ts';
import type { LeaseStore } from '../../store/lease-store.ts';
import type { FrameCounter } from '../../transport/linux/frame-counter.ts';
import type { ListenIpArp, SegmentArp, SegmentPorts, Transport } from '../../transport/transport.ts';
import type { Declaration } from '../declaration/declaration.ts';
import type { ListenAddressSearch } from './listen-address-search.ts';

/** The sockets on one listen address. */
export interface Medium {
  readonly transport: Transport;
  readonly arp: SegmentArp;
  /** Where the guests are plugged in; undefined or absent: nothing shows it. */
  readonly ports?: SegmentPorts | undefined;
  /** What these sockets cannot do, though they should; a sentence each. */
  readonly shortcomings?: readonly string[];
  /** Datagrams that the kernel has dropped so far because the socket buffer was full. */
  lost(): number;
  /** Frames that the sentinel has received so far; undefined or absent: there is no sentinel. */
  sentinelFrames?(): number | undefined;
  /** False while the interface is not connected; absent: unknown. */
  hasCarrier?(): boolean;
  /** False while the interface is down; absent: unknown. */
  isUp?(): boolean;
  /** A counter of the frames that the sockets should receive, from now until it is closed; undefined or absent: impossible. */
  countFrames?(): FrameCounter | undefined;
  /** Why the sockets must be opened again; undefined: they work. */
  failure?(): string | undefined;
  /** Closes all of them. */
  close(): void;
}

/** Where a gateway is, for the guests of its host. */
export interface ServerPlacement {
  /** Where the tunnels of this host end, dotted; empty: it is not seen where guests are plugged in. */
  readonly tunnelEnds: readonly string[];
  /** True: a new guest would get an address now. */
  readonly grants: boolean;
}

/** Means to find out whether another machine has the listen IP (RFC 5227). */
export interface ListenIpParts {
  /** ARP for a listen address before its sockets are opened; undefined: impossible. */
  openArp(listen: ListenAddress): { readonly arp: ListenIpArp; close(): void } | undefined;
  /** The hardware addresses of all interfaces of this host, now. */
  ownHardware(): ReadonlySet<HardwareAddress>;
  /** Notes that this gateway has just defended the address against another machine. */
  defended(listenIp: Ipv4): void;
  /** True if the process before this one defended the address until a moment ago. */
  hasDefended(listenIp: Ipv4): boolean;
}

/** The concrete parts, chosen by whoever starts the server. */
export interface ServerParts extends Declaration {
  readonly clock: Clock;
  readonly log: Log;
  /** The boot of the machine; absent: unknown, so nothing shows how long the gateway was off. */
  readonly boot?: MachineBoot | undefined;
  readonly decide: Decide;
  /** A whole number of 32 bits that no client can know. */
  readonly seed: number;
  /**
   * Opens the store. Its view answers `isInFlight` from this set.
   *
   * @throws GatewayError
   */
  openStore(inFlight: ReadonlySet<Ipv4>): LeaseStore | Promise<LeaseStore>;
  /** Holds the rounds of the packets apart while many come; absent: each begins at once. */
  readonly pace?: Pace | undefined;
  /** Runs a function when the timers that are due have run; absent: at once. */
  readonly soon?: (run: () => void) => void;
  /** The gateways that share the store; absent: no other gateway does. */
  readonly clusterPeers?: ClusterPeersView;
  /**
   * Reads the interfaces of this host.
   *
   * @param served The address that this gateway serves, or served last.
   */
  findListenAddress(served?: ListenAddress): ListenAddressSearch;
  /** ARP for the listen IP; absent: no conflict is looked for. */
  readonly listenIp?: ListenIpParts;
  /** @throws GatewayError; 'rival-server' if another process listens there. */
  openMedium(listen: ListenAddress): Medium | Promise<Medium>;
  /** Why the leases directory cannot be written, by the last attempt; undefined: no attempt has failed. */
  directoryFault?(): string | undefined;
  /** What kept the server before this one from starting; undefined: nothing did. */
  startProblem?(): RunningProblem | undefined;
  /** Why the settings that were last wanted are not in force; undefined: they are. */
  settingsProblem?(): RunningProblem | undefined;
  /** What is wrong with what serves programs; guests are served all the same. */
  apiProblems?(): readonly RunningProblem[];
  /** Called when another declaration takes effect. */
  adopted?(declaration: Declaration): void;
  /** True: wait for a listen address that is not there. False: that is an error. */
  readonly waits: boolean;
  /** What is counted, where that outlives the server; absent: the server makes its own. */
  readonly counters?: Counters;
  /** A further observer of all decisions, beside counters and log. */
  readonly observer?: Observer;
  /** Told of what is found out about the segment beside the decisions; an `EventRing` is both. */
  readonly segmentObserver?: SegmentObserver;
}
