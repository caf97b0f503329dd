import {
  levelOf,
  type ProblemLevel,
  type ProblemName,
  type RunningProblem,
  worstFirst,
} from '../../diagnosis/running-problem.ts';
import { DROPS, type DropRow } from '../../exchange/observer/drops.ts';
import { BATCH_BUCKETS, BEAT, COMMIT_BUCKETS, REPLY_BUCKETS } from '../../reporting/counter-slots.ts';
import type { CounterReader, Tally } from '../../reporting/read-counters.ts';
import type { Status } from '../../reporting/status.ts';
import type { Figures } from '../../server/status/figures.ts';
import type { Gauges } from '../../server/status/gauges.ts';
import type { CallCount } from './call-counts.ts';
import { type Family, gauge, type MetricSample } from './exposition.ts';
import { gaugeFamilies, type OwnFigures } from './gauge-families.ts';
import { hookFamilies } from './hook-families.ts';
import { byOrganization, growing } from './organization-families.ts';

/** What the gateway's thread said just now. */
export interface Asked {
  readonly status: Status;
  readonly figures: Figures;
}

export interface MetricsInput {
  readonly counters: CounterReader;
  /** Undefined: the gateway's thread does not answer, which is seen in the server's status and the delay. */
  readonly asked: Asked | undefined;
  /** Undefined: as `asked`. */
  readonly gauges: Gauges | undefined;
  readonly own: OwnFigures;
  readonly version: string;
  /** Wall-clock milliseconds. */
  readonly startedAt: number;
  readonly now: number;
  /** Of the platform; undefined: its protocol is off. */
  readonly calls?: readonly CallCount[] | undefined;
}

/** All metrics. No label takes its value from a guest. */
export function families(input: MetricsInput): readonly Family[] {
  return [
    ...platformFamilies(input),
    ...countedFamilies(input.counters),
    ...stateFamilies(input),
    ...gaugeFamilies(input.gauges, input.own, input.now),
    ...hookFamilies(input.own.hooks),
    callFamily(input.calls ?? []),
  ];
}

/** Names that dashboards of the platform read already. */
function platformFamilies({ asked, gauges, own, startedAt, now }: MetricsInput): readonly Family[] {
  const organizations = gauges?.organizations;
  const pool = asked?.status.pool;
  return [
    gauge('dhcp_pool_size', 'Addresses that guests may have.', pool?.size),
    gauge('dhcp_pool_available', 'Addresses that are free for new guests.', pool?.left),
    byOrganization('dhcp_allocations_active', 'Leases that run.', pool?.leased, own.activeOf),
    growing(
      'dhcp_allocations_total',
      'Leases that were given to guests without one.',
      organizations,
      'allocations',
    ),
    growing('dhcp_releases_total', 'Leases that guests or operators have ended.', organizations, 'releases'),
    gauge('dhcp_server_status', '1: a new guest would get an address. 0: it would not.', servesNow(asked)),
    gauge('uptime_seconds', 'Time since the start of the process.', Math.max(0, (now - startedAt) / 1000)),
  ];
}

function servesNow(asked: Asked | undefined): number {
  return asked?.status.verdict === 'served' ? 1 : 0;
}

function countedFamilies(counters: CounterReader): readonly Family[] {
  const drops = counters.tally('drops', true);
  const rows: Readonly<Record<string, DropRow>> = DROPS;
  const isByGuard = (cause: string) => rows[cause]?.isFaulty === true || rows[cause]?.isUnwelcome === true;
  const byCause = (wanted: boolean) =>
    Object.fromEntries(Object.entries(drops).filter(([cause]) => isByGuard(cause) === wanted));
  return [
    tallied(
      'messages_total',
      'type',
      'Messages of clients with a final decision.',
      counters.tally('messages', true),
    ),
    tallied(
      'replies_total',
      'type',
      'Replies that were handed to the kernel.',
      counters.tally('replies', true),
    ),
    tallied(
      'decisions_total',
      'reason',
      'Final decisions, by their reason word.',
      counters.tally('reasons', true),
    ),
    tallied('drops_total', 'cause', 'Messages that got no decision, and replies not sent.', byCause(false)),
    {
      name: 'refused_total',
      type: 'counter',
      help: 'Messages that a guard has refused: malformed or forged ones, and what a limit or a rule forbids.',
      samples: Object.entries(byCause(true)).map(
        ([cause, count]): MetricSample => [
          { guard: rows[cause]?.isUnwelcome === true ? 'rule' : 'check', cause },
          count,
        ],
      ),
    },
    tallied(
      'store_commits_total',
      'outcome',
      'Changes by what became of them.',
      counters.tally('outcomes', true),
    ),
    counter('waits_total', 'Decisions to wait: for ARP, or for another gateway.', counters.single('waits')),
    counter('replies_late_total', 'Replies that may have left late.', counters.single('sentLate')),
    counter('mistakes_total', 'Mistakes of this program; the log has each.', counters.single('mistakes')),
    measured(
      'reply_seconds',
      'From the reading of a message to its reply.',
      REPLY_BUCKETS,
      counters.histogram('reply'),
    ),
    measured('commit_seconds', 'How long commits take.', COMMIT_BUCKETS, counters.histogram('commit')),
    measured('batch_size', 'Changes that one commit had.', BATCH_BUCKETS, counters.histogram('batch')),
  ];
}

function stateFamilies({ counters, asked, version, now }: MetricsInput): readonly Family[] {
  const { status, figures } = asked ?? {};
  const beatAt = counters.single('beatAt');
  const silence = beatAt === 0 ? 0 : Math.max(0, now - beatAt - BEAT);
  return [
    { ...gauge('build_info', 'The version that runs; always 1.', undefined), samples: [[{ version }, 1]] },
    {
      ...gauge('leases', 'Records by state, expired ones that are not freed yet included.', undefined),
      samples: Object.entries(status?.leases ?? {}).map(([state, count]): MetricSample => [{ state }, count]),
    },
    gauge('offers', 'Addresses on offer.', status?.leases['offered']),
    gauge('reservations', 'Reservations in force.', figures?.reservations),
    gauge(
      'pool_reserved',
      'Addresses of the pool that are reserved and that nobody has; no other guest gets them.',
      status?.pool?.reserved,
    ),
    gauge('pool_quarantined', 'Addresses of the pool in quarantine.', status?.pool?.declined),
    {
      ...gauge(
        'problems',
        '1 for each problem that is present: see /api/v1/warnings. level=note: nothing is wrong.',
        undefined,
      ),
      samples: problemSamples(status?.problems ?? []),
    },
    gauge('peers', 'Other gateways that are seen.', peersOf(figures)),
    gauge('rogue_servers', 'DHCP servers on the segment that are no gateways.', status?.rogueServers.length),
    counter(
      'kernel_drops_total',
      'Datagrams that the kernel dropped: the receive buffer was full.',
      figures?.kernelDrops,
    ),
    gauge('quorum', '1: leases can be stored now; with etcd, a majority answers.', flag(figures?.canPromise)),
    gauge(
      'event_loop_delay_seconds',
      'How late the thread that serves guests is: by its last beat, or since then if it stands still.',
      Math.max(counters.single('beatLate'), silence) / 1000,
    ),
  ];
}

function callFamily(calls: readonly CallCount[]): Family {
  return {
    name: 'platform_calls_total',
    type: 'counter',
    help: "Calls of the platform's own protocol, by what became of them.",
    samples: calls.map(({ method, code, count }): MetricSample => [{ method, code }, count]),
  };
}

function flag(value: boolean | undefined): number | undefined {
  return value === undefined ? undefined : Number(value);
}

function counter(name: string, help: string, value: number | undefined): Family {
  return { name, type: 'counter', help, samples: value === undefined ? [] : [[{}, value]] };
}

function tallied(name: string, label: string, help: string, tally: Tally): Family {
  const samples = Object.entries(tally).map(([each, count]): MetricSample => [{ [label]: each }, count]);
  return { name, type: 'counter', help, samples };
}

function measured(
  name: string,
  help: string,
  ends: readonly number[],
  histogram: { readonly counts: readonly number[]; readonly sum: number },
): Family {
  return { name, type: 'histogram', help, samples: [], histogram: { ends, ...histogram } };
}

function peersOf(figures: Figures | undefined): number | undefined {
  return figures === undefined ? undefined : figures.peers.length + figures.clusterPeers.length;
}

/** Of several problems with one name the worst counts. */
function problemSamples(problems: readonly RunningProblem[]): readonly MetricSample[] {
  const levels = new Map<ProblemName, ProblemLevel>();
  for (const problem of worstFirst(problems))
    if (!levels.has(problem.name)) levels.set(problem.name, levelOf(problem));
  return [...levels].map(([problem, level]) => [{ problem, level }, 1]);
}
