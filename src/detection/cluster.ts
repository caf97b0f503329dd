import type { ClusterPeers } from '../engine/decision.ts';
import type { Lease } from '../lease/lease.ts';
import type { Log } from '../log/log.ts';
import { type Ipv4, ipv4ToText } from '../net/ipv4.ts';

/** The gateways that share their leases with this one, and what is wrong between them. */
export interface Cluster extends ClusterPeers {
  /** When a live gateway's newest heartbeat agreed with this clock last: monotonic milliseconds. Undefined: none has. */
  readonly agreedAt: number | undefined;
  /** False: the lease ends by how long it has been known here, whatever the wall clock says. */
  isByWallClock(lease: Lease): boolean;
  /** What lasts, with its remedy. */
  readonly problems: readonly string[];
  /** Of the certificates for etcd; the log has it from whoever reads them. */
  readonly certificateProblems?: readonly { readonly message: string; readonly remedy: string }[];
}

/** One line when a gateway comes or goes, and when what is wrong begins and ends. */
export class ClusterLog {
  readonly #cluster: Cluster;
  readonly #log: Log;
  #live: ReadonlySet<Ipv4> = new Set();
  #problems: readonly string[] = [];

  constructor(cluster: Cluster, log: Log) {
    this.#cluster = cluster;
    this.#log = log;
  }

  /** For every second. */
  check(): void {
    const { live, problems } = this.#cluster;
    for (const gateway of live)
      if (!this.#live.has(gateway))
        this.#log.info({ gateway: ipv4ToText(gateway) }, 'another gateway shares the leases');
    for (const gateway of this.#live)
      if (!live.has(gateway)) this.#log.warn({ gateway: ipv4ToText(gateway) }, 'another gateway is gone');
    for (const cause of problems)
      if (!this.#problems.includes(cause))
        this.#log.warn({ cause }, 'something is wrong with what the gateways share');
    for (const cause of this.#problems)
      if (!problems.includes(cause)) this.#log.info({ cause }, 'this is well again');
    this.#live = live;
    this.#problems = problems;
  }
}
