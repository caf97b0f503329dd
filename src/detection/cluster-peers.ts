import type { ClusterPeers } from '../engine/decision/decision.ts';
import type { Lease } from '../lease/lease.ts';
import type { Log } from '../log/log.ts';
import { type Ipv4, ipv4ToText } from '../net/ipv4.ts';

/** A problem between the gateways, or with their etcd. New guests still get addresses. */
export interface ClusterProblem {
  /** The word by which health, page and metrics name it. */
  readonly name: 'cluster' | 'certificates' | 'gateway-gone';
  readonly message: string;
  /** What the operator can do. */
  readonly remedy: string;
}

export interface EtcdMemberFigures {
  readonly endpoint: string;
  /** Undefined: it did not answer. */
  readonly answer:
    | {
        /** candidate: it knows no leader now. */
        readonly role: 'leader' | 'follower' | 'candidate';
        readonly version: string;
        /** Until it answered: milliseconds. */
        readonly roundTrip: number;
        readonly databaseBytes: number;
        /** The size at which it takes nothing more. */
        readonly quotaBytes: number;
      }
    | undefined;
}

/** What metrics and programs are told of gateways that share their leases. All of it can be cloned. */
export interface SharingFigures {
  /** How far the clock of each other gateway is ahead of this one's: milliseconds, by its node. */
  readonly clockOffsets: Readonly<Record<string, number>>;
  /** Every gateway that is alive, this one too: its listen IP, dotted, by its node. */
  readonly gateways: Readonly<Record<string, string>>;
  /** Those that have gone lately and have not said so, in the same way; absent: none. */
  readonly gone?: Readonly<Record<string, string>>;
  /** etcd's members, as they were when they were looked at last. */
  readonly etcdMembers: readonly EtcdMemberFigures[];
  /** When that was: wall-clock milliseconds. Undefined: not yet. */
  readonly etcdAskedAt: number | undefined;
  /** When the certificates for etcd end: wall-clock milliseconds. */
  readonly certificates: readonly { readonly file: string; readonly endsAt: number }[];
}

/** What the server reads about the gateways that share their leases with this one. */
export interface ClusterPeersView extends ClusterPeers {
  /** When the newest heartbeat of a live gateway last agreed with this clock: monotonic milliseconds. Undefined: never. */
  readonly agreedAt: number | undefined;
  /** False: the lease ends after its length, counted from when this gateway learnt of it; the wall clock does not matter. */
  isByWallClock(lease: Lease): boolean;
  /** Gateways that have gone lately and have not said so; absent: none. */
  readonly gone?: ReadonlySet<Ipv4>;
  /** The current problems. */
  readonly problems: readonly ClusterProblem[];
  /** Absent: not known. */
  readonly figures?: SharingFigures;
}

/** Logs one line when a gateway comes or goes, and when a problem begins and ends. */
export class ClusterPeersLog {
  readonly #clusterPeers: ClusterPeersView;
  readonly #log: Log;
  #live: ReadonlySet<Ipv4> = new Set();
  /** Problems that were logged, by message. */
  #problems: ReadonlyMap<string, ClusterProblem> = new Map();

  constructor(clusterPeers: ClusterPeersView, log: Log) {
    this.#clusterPeers = clusterPeers;
    this.#log = log;
  }

  /** Call it once a second. */
  check(): void {
    const { live, problems } = this.#clusterPeers;
    for (const gateway of live)
      if (!this.#live.has(gateway))
        this.#log.info({ gateway: ipv4ToText(gateway) }, 'another gateway shares the leases');
    for (const gateway of this.#live)
      if (!live.has(gateway)) this.#log.warn({ gateway: ipv4ToText(gateway) }, 'another gateway is gone');
    this.#live = live;
    // Problems with certificates are logged where the files are read.
    this.#logProblems(problems.filter(({ name }) => name !== 'certificates'));
  }

  #logProblems(problems: readonly ClusterProblem[]): void {
    const now = new Map(problems.map((problem) => [problem.message, problem]));
    for (const [cause, { remedy }] of now)
      if (!this.#problems.has(cause))
        this.#log.warn({ cause, remedy }, 'something is wrong with what the gateways share');
    for (const cause of this.#problems.keys())
      if (!now.has(cause)) this.#log.info({ cause }, 'this is well again');
    this.#problems = now;
  }
}
