import type { OtherGateway } from '../../detection/other-gateways.ts';
import type { ProblemName } from '../../diagnosis/running-problem.ts';
import type { Instant } from '../../lease/lease.ts';
import { type Ipv4, ipv4ToText } from '../../net/ipv4.ts';
import { mtuIn } from '../../wire/mtu-in.ts';
import { OPTIONS } from '../../wire/options.ts';
import type { Memory } from '../parts/memory.ts';
import type { Service } from '../service/service.ts';

/** What metrics and API show of a running server beside its status and its counters. */
export interface Figures {
  /** Other gateways that share no leases with this one and were heard; dotted. */
  readonly peers: readonly string[];
  /** Those, and those that were only heard by ARP, with how long ago. */
  readonly otherGateways: readonly OtherGateway[];
  /** Other gateways that share the leases; dotted. */
  readonly clusterPeers: readonly string[];
  /** Datagrams that the kernel has dropped since the sockets were opened, because their buffer was full. */
  readonly kernelDrops: number;
  /** False: nothing can be stored now, so nothing new is promised; with shared leases, etcd has no majority. */
  readonly canPromise: boolean;
  /** What guests are told as their MTU; null: nothing, or no sockets are open. */
  readonly mtu: number | null;
  /** Reservations in force. */
  readonly reservations: number;
  /** True: the leases are shared in etcd. */
  readonly isShared: boolean;
  /** Since when each problem is there. */
  readonly problemsSince: Readonly<Partial<Record<ProblemName, Instant>>>;
}

export function dotted(addresses: Iterable<Ipv4>): readonly string[] {
  return [...addresses].sort((one, other) => one - other).map(ipv4ToText);
}

export function figuresOf(
  memory: Memory | undefined,
  service: Service | undefined,
  problemsSince: Figures['problemsSince'],
): Figures {
  return {
    peers: dotted(memory?.peers.peers.keys() ?? []),
    otherGateways: memory?.otherGateways.list ?? [],
    clusterPeers: dotted(memory?.clusterPeers?.live ?? []),
    kernelDrops: service?.medium.lost() ?? 0,
    mtu: mtuIn(service?.plan.subnet.parameters.get(OPTIONS.interfaceMtu.code)?.value) ?? null,
    reservations: memory?.store.reservations.size ?? 0,
    canPromise: memory?.store.leases.canPromise ?? false,
    isShared: memory?.clusterPeers !== undefined,
    problemsSince,
  };
}
