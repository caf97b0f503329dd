/** What the metrics show of a running server beside its status and its counters. */
export interface Figures {
  /** Other gateways: those that share the leases, and those that share none and were heard. */
  readonly peers: number;
  /** Datagrams that the kernel has dropped since the sockets were opened, because their buffer was full. */
  readonly kernelDrops: number;
  /** False: nothing can be stored now, so nothing new is promised; with shared leases, etcd has no majority. */
  readonly canPromise: boolean;
  /** True: the leases are shared in etcd. */
  readonly isShared: boolean;
}
