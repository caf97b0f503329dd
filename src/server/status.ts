import type { ShownSetting } from '../config/shown-settings.ts';
import { ipv4ToText } from '../net/ipv4.ts';
import type { LeaseStore } from '../store/lease-store.ts';
import { LeaseTable } from '../store/lease-table.ts';
import type { TransportKind } from '../transport/transport.ts';
import type { CounterValues, Tally } from './counters.ts';
import type { PoolUse } from './pool-use.ts';
import { type RunningProblem, type Verdict, verdictOf } from './problems.ts';
import type { ReceptionStatus } from './reception.ts';
import type { Service } from './service.ts';

/** serving. degraded: it serves, but something is wrong. waiting: for its listen address, or for another server to go. */
export type Condition = 'serving' | 'degraded' | 'waiting' | 'stopped';

/** What a server says about itself. */
export interface Status {
  readonly status: Condition;
  /** Whether a new guest would get an address. */
  readonly verdict: Verdict;
  readonly listenIp: string | null;
  readonly interface: string | null;
  readonly transport: TransportKind | null;
  /** Null: it does not serve. */
  readonly pool: PoolUse | null;
  /** Whether messages come; null: it does not serve. */
  readonly reception: ReceptionStatus | null;
  /** How many records there are, by state. */
  readonly leases: Tally;
  readonly counters: CounterValues;
  /** What the sockets cannot do that they should, for want of a capability or of a package. */
  readonly shortcomings: readonly string[];
  /** What is wrong now. */
  readonly problems: readonly RunningProblem[];
  /** What it was started with. */
  readonly settings: readonly ShownSetting[];
}

export interface StatusParts {
  readonly store: LeaseStore | undefined;
  readonly service: Service | undefined;
  readonly pool: PoolUse | undefined;
  readonly counters: CounterValues;
  readonly problems: readonly RunningProblem[];
  readonly settings: readonly ShownSetting[];
}

/** Looks at counts that are kept, and at no record. */
export function statusOf({ store, service, pool, counters, problems, settings }: StatusParts): Status {
  return {
    status: conditionOf(store, service, problems),
    verdict: verdictOf(problems),
    listenIp: service === undefined ? null : ipv4ToText(service.listen.listenIp),
    interface: service?.listen.interfaceName ?? null,
    transport: service?.medium.transport.kind ?? null,
    pool: pool ?? null,
    reception: service?.reception.status ?? null,
    leases: store === undefined ? {} : countByState(store),
    counters,
    shortcomings: service?.medium.shortcomings ?? [],
    problems,
    settings,
  };
}

function conditionOf(
  store: LeaseStore | undefined,
  service: Service | undefined,
  problems: readonly RunningProblem[],
): Condition {
  if (store === undefined) return 'stopped';
  if (service === undefined) return 'waiting';
  return problems.length > 0 ? 'degraded' : 'serving';
}

function countByState({ leases }: LeaseStore): Tally {
  if (!(leases instanceof LeaseTable)) return {};
  const { bound, free, declined, peer } = leases.countByState();
  const counts = { bound, free, declined, offered: leases.offerCount };
  return peer === 0 ? counts : { ...counts, peer };
}
