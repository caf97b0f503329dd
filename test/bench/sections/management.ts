import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pass } from 'node:timers/promises';
import type { Bench } from '../bench.ts';
import type { Asking } from '../clients/asker.ts';
import { generate, newClients } from '../clients/generate.ts';
import type { WorkloadResult } from '../clients/workload.ts';
import { leasesOf, preload } from '../growth/preload.ts';
import { giveWay } from '../machine/give-way.ts';
import { Program } from '../machine/program.ts';
import { WIDE_POOL } from '../machine/segment.ts';
import { startOfGateway } from '../peers/gateway.ts';
import { startIn } from '../peers/peer.ts';
import { type Findings, goal, number, percent, type Table } from '../report/report.ts';
import { median } from '../report/statistics.ts';

const LEASES = 1_000_000;
const QUICK_LEASES = 100_000;
/** Renewals a second: far from what it can do, so that only what disturbs is seen. */
const RATE = 1000;
const SEARCHES = 4;
const REQUESTS = 1000;
const READERS = 100;
/** How much later than undisturbed the median ACK may be: milliseconds. */
const LATER = 0.1;

/** What asks the management thread meanwhile; undefined: nothing does. */
const DISTURBANCES = {
  nothing: undefined,
  'searches of all leases': {
    ...{ kind: 'requests', count: SEARCHES },
    path: '/api/v1/leases?q=guest-99&sort=-expires&facets=state,node&limit=10',
  },
  '1,000 requests at once': { kind: 'requests', count: REQUESTS, path: '/api/v1/leases?limit=10' },
  '100 readers of events that do not read': { kind: 'readers', count: READERS, path: '/api/v1/events' },
} as const satisfies Readonly<Record<string, Omit<Asking, 'socketPath'> | undefined>>;
type Disturbance = keyof typeof DISTURBANCES;
const NAMES = Object.keys(DISTURBANCES) as readonly Disturbance[];

interface ManagementRun {
  readonly disturbance: Disturbance;
  readonly answers: number;
  readonly result: WorkloadResult;
}

/** Whether guests wait longer for their DHCPACK while the management thread is kept busy; by turns. */
export async function benchManagement(bench: Bench): Promise<Findings> {
  const count = bench.options.quick ? QUICK_LEASES : LEASES;
  const folder = join(bench.folder, 'managed');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const hardware = newClients();
  preload(folder, { count, hardware });
  const start = startOfGateway(folder, {
    log: 'warn',
    pool: WIDE_POOL,
    settings: { GATEWAY_METRICS_PORT: 'off' },
  });
  const server = await startIn(start, bench.segment, join(bench.folder, 'server.log'));
  const runs: ManagementRun[] = [];
  try {
    await pass(3000); // The thread has started, and the first lap of ARP has begun.
    giveWay(server.pid);
    const seconds = bench.options.seconds * 2;
    for (let repeat = 0; repeat < bench.options.repeats; repeat += 1)
      for (const disturbance of NAMES) {
        bench.say(`management: ${disturbance}`);
        const asker = askerOf(disturbance, join(folder, 'api.sock'));
        await pass(asker === undefined ? 0 : 1000); // It has started.
        const result = await generate(bench.segment, {
          ...{ kind: 'renewal', from: 'direct', window: 1, rate: RATE, seconds, settle: 1 },
          ...{ hardware, leases: leasesOf(count) },
        });
        runs.push({ disturbance, answers: await answersOf(asker), result });
        await pass(500);
      }
  } finally {
    await server.end();
  }
  return { tables: [tableOf(runs, count)], goals: goalsOf(runs), raw: runs };
}

/** Asks from a process of its own, which gives way to server and guests. */
function askerOf(disturbance: Disturbance, socketPath: string): Program | undefined {
  const asking = DISTURBANCES[disturbance];
  if (asking === undefined) return undefined;
  const script = join(import.meta.dirname, '../clients/asker.js');
  const work = JSON.stringify({ ...asking, socketPath } satisfies Asking);
  return new Program(['chrt', '--other', '0', process.execPath, script, work]);
}

async function answersOf(asker: Program | undefined): Promise<number> {
  if (asker === undefined) return 0;
  asker.signal('SIGTERM');
  await asker.ended();
  return Number(asker.output);
}

function of(runs: readonly ManagementRun[], disturbance: Disturbance): readonly ManagementRun[] {
  return runs.filter((run) => run.disturbance === disturbance);
}

function medianOf(runs: readonly ManagementRun[], read: (result: WorkloadResult) => number): number {
  return median(runs.map(({ result }) => read(result)));
}

function goalsOf(runs: readonly ManagementRun[]) {
  const alone = medianOf(of(runs, 'nothing'), ({ p50 }) => p50);
  const worst = Math.max(...NAMES.map((name) => medianOf(of(runs, name), ({ p50 }) => p50)));
  const lost = runs.reduce((sum, { result }) => sum + result.lost, 0);
  const later = worst - alone;
  return [
    goal(
      'median ACK beside a busy management thread',
      `< ${LATER} ms later`,
      `${number(later, 2)} ms`,
      later < LATER,
    ),
    goal('renewals beside a busy management thread', 'none lost', `${number(lost)} lost`, lost === 0),
  ];
}

function tableOf(runs: readonly ManagementRun[], count: number): Table {
  return {
    title: 'Management: how long guests wait for their DHCPACK while it is kept busy',
    notes: [
      `${number(count)} leases; ${number(RATE)} renewals a second, medians of the runs, which were made by turns.`,
      'Answers are those of the API; a request beyond its bounds is told to come again, and is not counted.',
    ],
    heads: ['beside', 'API answers', 'ACK p50', 'p99', 'p99.9', 'longest', 'lost', 'idle'],
    rows: NAMES.map((name) => {
      const all = of(runs, name);
      const time = (read: (result: WorkloadResult) => number) => number(medianOf(all, read), 2);
      return [
        name,
        number(median(all.map(({ answers }) => answers))),
        ...[time(({ p50 }) => p50), time(({ p99 }) => p99), time(({ p999 }) => p999), time(({ max }) => max)],
        number(all.reduce((sum, { result }) => sum + result.lost, 0)),
        percent(medianOf(all, ({ idle }) => idle)),
      ];
    }),
  };
}
