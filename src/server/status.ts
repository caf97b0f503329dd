import { ipv4ToText } from '../net/ipv4.ts';
import type { LeaseStore } from '../store/lease-store.ts';
import { LeaseTable } from '../store/lease-table.ts';
import type { TransportKind } from '../transport/transport.ts';
import type { CounterValues, Tally } from './counters.ts';
import type { Service } from './service.ts';

/** serving. degraded: it serves, but not all. waiting: for its listen address, or for another server to go. */
export type Condition = 'serving' | 'degraded' | 'waiting' | 'stopped';

/** What a server says about itself. */
export interface Status {
  readonly status: Condition;
  readonly listenIp: string | null;
  readonly interface: string | null;
  readonly transport: TransportKind | null;
  /** How many there are, by state. */
  readonly leases: Tally;
  readonly counters: CounterValues;
  /** What the sockets cannot do that they should, for want of a capability or of a package. */
  readonly shortcomings: readonly string[];
  /** What is wrong now. */
  readonly problems: readonly string[];
}

export function statusOf(
  store: LeaseStore | undefined,
  service: Service | undefined,
  counters: CounterValues,
  problems: readonly string[],
): Status {
  return {
    status: conditionOf(store, service, problems),
    listenIp: service === undefined ? null : ipv4ToText(service.listen.listenIp),
    interface: service?.listen.interfaceName ?? null,
    transport: service?.medium.transport.kind ?? null,
    leases: store === undefined ? {} : countByState(store),
    counters,
    shortcomings: service?.medium.shortcomings ?? [],
    problems,
  };
}

function conditionOf(
  store: LeaseStore | undefined,
  service: Service | undefined,
  problems: readonly string[],
) {
  if (store === undefined) return 'stopped';
  if (service === undefined) return 'waiting';
  return problems.length > 0 ? 'degraded' : 'serving';
}

/** Looks at every record: 3 ms for a million. */
function countByState({ leases }: LeaseStore): Tally {
  if (!(leases instanceof LeaseTable)) return {};
  const { bound, free, declined, peer } = leases.countByState();
  const counts = { bound, free, declined, offered: leases.offerCount };
  return peer === 0 ? counts : { ...counts, peer };
}
