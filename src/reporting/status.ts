import type { ShownSetting } from '../config/loading/shown-settings.ts';
import type { OtherGateway } from '../detection/other-gateways.ts';
import type { ReceptionStatus } from '../detection/reception.ts';
import type { RefusedClientStatus, RogueServerStatus } from '../detection/segment-observer.ts';
import { levelOf, type RunningProblem, type Verdict, verdictOf } from '../diagnosis/running-problem.ts';
import { ipv4ToText } from '../net/ipv4.ts';
import type { ListenAddress } from '../net/listen-address.ts';
import type { LeaseStore } from '../store/lease-store.ts';
import type { TransportKind } from '../transport/transport.ts';
import type { PoolUse } from './pool-use.ts';
import type { CounterValues, Tally } from './read-counters.ts';

/** degraded: it serves, with a problem. waiting: for its listen address, or until another server leaves the port. */
export type Condition = 'serving' | 'degraded' | 'waiting' | 'stopped';

/** The state of a server, for operators and programs. */
export interface Status {
  readonly status: Condition;
  /** Whether a new guest would get an address. */
  readonly verdict: Verdict;
  readonly listenIp: string | null;
  readonly interface: string | null;
  readonly transport: TransportKind | null;
  /** Null: the server does not serve. */
  readonly pool: PoolUse | null;
  /** Whether messages arrive; null: the server does not serve. */
  readonly reception: ReceptionStatus | null;
  /** Other gateways of this pool that share no leases with this one, and machines at addresses that may be a gateway's. */
  readonly otherGateways: readonly OtherGateway[];
  /** Other gateways that share the leases; dotted. */
  readonly clusterPeers: readonly string[];
  /** DHCP servers on the segment that are no gateways of this pool. */
  readonly rogueServers: readonly RogueServerStatus[];
  /** Clients that the operator's rules keep away; the one that asked last is the first one. */
  readonly refusedClients: readonly RefusedClientStatus[];
  /** The number of records, by state. */
  readonly leases: Tally;
  readonly counters: CounterValues;
  /** What the sockets cannot do, because a capability or a package is missing; a sentence each. */
  readonly shortcomings: readonly string[];
  /** The current problems, and notes. */
  readonly problems: readonly RunningProblem[];
  /** The settings in force. */
  readonly settings: readonly ShownSetting[];
}

/** The part of the state that exists only while the server serves. */
export interface Serving {
  readonly listen: ListenAddress;
  readonly transport: TransportKind;
  readonly reception: ReceptionStatus;
  readonly shortcomings: readonly string[];
}

export interface StatusParts {
  readonly store: LeaseStore | undefined;
  readonly serving: Serving | undefined;
  readonly pool: PoolUse | undefined;
  readonly otherGateways: Status['otherGateways'];
  readonly clusterPeers: Status['clusterPeers'];
  readonly rogueServers: readonly RogueServerStatus[];
  readonly refusedClients: readonly RefusedClientStatus[];
  readonly counters: CounterValues;
  readonly problems: readonly RunningProblem[];
  readonly settings: readonly ShownSetting[];
}

/** Reads only counts that the lease table keeps, never the records. */
export function statusOf(parts: StatusParts): Status {
  const { store, serving, pool, otherGateways, clusterPeers, ...rest } = parts;
  const { rogueServers, refusedClients, counters, problems, settings } = rest;
  return {
    status: conditionOf(store, serving, problems),
    verdict: verdictOf(problems),
    listenIp: serving === undefined ? null : ipv4ToText(serving.listen.listenIp),
    interface: serving?.listen.interfaceName ?? null,
    transport: serving?.transport ?? null,
    pool: pool ?? null,
    reception: serving?.reception ?? null,
    otherGateways,
    clusterPeers,
    rogueServers,
    refusedClients,
    leases: store === undefined ? {} : tallyOf(store),
    counters,
    shortcomings: serving?.shortcomings ?? [],
    problems,
    settings,
  };
}

function conditionOf(
  store: LeaseStore | undefined,
  serving: Serving | undefined,
  problems: readonly RunningProblem[],
): Condition {
  if (store === undefined) return 'stopped';
  if (serving === undefined) return 'waiting';
  return problems.some((problem) => levelOf(problem) !== 'note') ? 'degraded' : 'serving';
}

function tallyOf({ leases }: LeaseStore): Tally {
  const { bound, free, declined, offered, peer } = leases.countByState();
  const counts = { bound, free, declined, offered };
  return peer === 0 ? counts : { ...counts, peer };
}
