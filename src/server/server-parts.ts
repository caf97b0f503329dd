import type { ClusterPeersView } from '../detection/cluster-peers.ts';
import type { Decide } from '../engine/decision/decision.ts';
import type { Observer } from '../exchange/observer.ts';
import type { Clock } from '../lease/clock.ts';
import type { Boot } from '../lease/clock-note.ts';
import type { Log } from '../log/log.ts';
import type { HardwareAddress } from '../net/hardware-address.ts';
import type { Ipv4 } from '../net/ipv4.ts';
import type { ListenAddress } from '../net/listen-address.ts';
import type { LeaseStore } from '../store/lease-store.ts';
import type { FrameCounter } from '../transport/linux/frame-counter.ts';
import type { ListenIpArp, SegmentArp, Transport } from '../transport/transport.ts';
import type { Declaration } from './declaration.ts';
import type { ListenAddressSearch } from './find-listen-address.ts';

/** The sockets on one listen address. */
export interface Medium {
  readonly transport: Transport;
  readonly arp: SegmentArp;
  /** What these sockets cannot do that they should, a sentence each. */
  readonly shortcomings?: readonly string[];
  /** Datagrams that the kernel has dropped for want of room, so far. */
  lost(): number;
  /** False while nothing is connected to the interface; absent: that is not known. */
  hasCarrier?(): boolean;
  /** False while the interface is down; absent: that is not known. */
  isUp?(): boolean;
  /** Counts from now on what the sockets should hear, until it is closed; undefined or absent: that cannot be had. */
  countFrames?(): FrameCounter | undefined;
  /** Why the sockets are of no more use and must be opened anew; undefined: they work. */
  failure?(): string | undefined;
  /** Closes the transport and the ARP socket. */
  close(): void;
}

/** What shows whether the listen IP is this host's alone (RFC 5227). */
export interface ListenIpParts {
  /** ARP on a listen address before its sockets are opened; undefined: it cannot be had. */
  openArp(listen: ListenAddress): { readonly arp: ListenIpArp; close(): void } | undefined;
  /** Of all interfaces of this host, as they are now. */
  ownHardware(): ReadonlySet<HardwareAddress>;
  /** This address was defended now, against another machine that has it. */
  defended(listenIp: Ipv4): void;
  /** It was defended until just before this process began. */
  hasDefended(listenIp: Ipv4): boolean;
}

/** The concrete parts, chosen by whoever starts the server. */
export interface ServerParts extends Declaration {
  readonly clock: Clock;
  readonly log: Log;
  /** The machine's; absent: it is not known, and nothing shows how long the gateway was off. */
  readonly boot?: Boot | undefined;
  readonly decide: Decide;
  /** Opens the store, whose view answers `isInFlight` from this set. Throws a GatewayError. */
  openStore(inFlight: ReadonlySet<Ipv4>): LeaseStore | Promise<LeaseStore>;
  /** The gateways that share the store's leases; absent: it is this one's alone. */
  readonly clusterPeers?: ClusterPeersView;
  /**
   * Looks at the interfaces as they are now.
   *
   * @param served Where this gateway serves, or served last.
   */
  findListenAddress(served?: ListenAddress): ListenAddressSearch;
  /** Asking for the listen IP by ARP; absent: it is never asked for. */
  readonly listenIp?: ListenIpParts;
  /** Throws a GatewayError; 'rival-server' if somebody else listens there. */
  openMedium(listen: ListenAddress): Medium | Promise<Medium>;
  /** Why nothing can be written where the lease file is, as far as it was tried; undefined: nothing is known of it. */
  directoryFault?(): string | undefined;
  /** Another declaration than these parts' own is in force from now on. */
  adopted?(declaration: Declaration): void;
  /** False: a listen address that is not there is an error, not waited for. */
  readonly waits: boolean;
  /** Sees all that is decided, beside counters and log. */
  readonly observer?: Observer;
}
