import type { ProblemName } from '../diagnosis/running-problem.ts';
import type { Instant } from '../lease/lease.ts';
import { type Ipv4, ipv4ToText } from '../net/ipv4.ts';
import type { Memory } from './server-state.ts';
import type { Service } from './service.ts';

/** What metrics and API show of a running server beside its status and its counters. */
export interface Figures {
  /** Other gateways that share no leases with this one and were heard; dotted. */
  readonly peers: readonly string[];
  /** Other gateways that share the leases; dotted. */
  readonly clusterPeers: readonly string[];
  /** Datagrams that the kernel has dropped since the sockets were opened, because their buffer was full. */
  readonly kernelDrops: number;
  /** False: nothing can be stored now, so nothing new is promised; with shared leases, etcd has no majority. */
  readonly canPromise: boolean;
  /** Reservations in force. */
  readonly reservations: number;
  /** True: the leases are shared in etcd. */
  readonly isShared: boolean;
  /** Since when each problem is there. */
  readonly problemsSince: Readonly<Partial<Record<ProblemName, Instant>>>;
}

export function figuresOf(
  memory: Memory | undefined,
  service: Service | undefined,
  problemsSince: Figures['problemsSince'],
): Figures {
  const dotted = (addresses: Iterable<Ipv4>) =>
    [...addresses].sort((one, other) => one - other).map(ipv4ToText);
  return {
    peers: dotted(memory?.peers.peers.keys() ?? []),
    clusterPeers: dotted(memory?.clusterPeers?.live ?? []),
    kernelDrops: service?.medium.lost() ?? 0,
    reservations: memory?.store.reservations.size ?? 0,
    canPromise: memory?.store.leases.canPromise ?? false,
    isShared: memory?.clusterPeers !== undefined,
    problemsSince,
  };
}
