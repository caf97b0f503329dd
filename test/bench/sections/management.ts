import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pass } from 'node:timers/promises';
import type { Bench } from '../bench.ts';
import type { Asked, Asking } from '../clients/asker.ts';
import { generate, newClients } from '../clients/generate.ts';
import type { WorkloadResult } from '../clients/workload.ts';
import { leasesOf, preload } from '../growth/preload.ts';
import { giveWay, MANAGEMENT_NICE } from '../machine/give-way.ts';
import { Program } from '../machine/program.ts';
import { WIDE_POOL } from '../machine/segment.ts';
import { startOfGateway } from '../peers/gateway.ts';
import { startIn } from '../peers/peer.ts';
import { type Findings, type Goal, goal, number, percent, type Table } from '../report/report.ts';
import { median } from '../report/statistics.ts';
import { answersAlone, SEARCH, startOfApi } from './management-alone.ts';

const LEASES = 1_000_000;
const QUICK_LEASES = 100_000;
/** Renewals a second: far from what it can do, so that only what disturbs is seen. */
const RATE = 1000;
const SEARCHES = 4;
const MANY_SEARCHES = 64;
const REQUESTS = 1000;
const READERS = 100;
/**
 * Seconds under load before measuring: the lease file follows the journal ten seconds later unless somebody reads it, and a
 * run that ends before has nothing of what that costs.
 */
const SETTLE = 11;
/** How much later than undisturbed the median ACK may be: milliseconds. */
const LATER = 0.1;
/** What asks the management thread meanwhile; undefined: nothing does. */
const DISTURBANCES = {
  nothing: undefined,
  '4 searches at once': { kind: 'requests', count: SEARCHES, path: SEARCH },
  '64 searches at once': { kind: 'requests', count: MANY_SEARCHES, path: SEARCH },
  '1,000 requests at once': { kind: 'requests', count: REQUESTS, path: '/api/v1/leases?limit=10' },
  '100 readers of events that do not read': { kind: 'readers', count: READERS, path: '/api/v1/events' },
} as const satisfies Readonly<Record<string, Omit<Asking, 'socketPath'> | undefined>>;
type Disturbance = keyof typeof DISTURBANCES;
const NAMES = Object.keys(DISTURBANCES) as readonly Disturbance[];

interface ManagementRun {
  readonly disturbance: Disturbance;
  /** Undefined: nothing was asked. */
  readonly asked: Asked | undefined;
  readonly result: WorkloadResult;
}

/** Whether guests wait longer for their DHCPACK while the management thread is kept busy; by turns. */
export async function benchManagement(bench: Bench): Promise<Findings> {
  const count = bench.options.quick ? QUICK_LEASES : LEASES;
  const folder = join(bench.folder, 'managed');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const hardware = newClients();
  preload(folder, { count, hardware, isNamed: true });
  const start = startOfGateway(folder, {
    log: 'warn',
    pool: WIDE_POOL,
    settings: { GATEWAY_METRICS_PORT: 'off' },
  });
  const socketPath = join(folder, 'api.sock');
  const begun = performance.now();
  const server = await startIn(start, bench.segment, join(bench.folder, 'server.log'));
  const bound = performance.now();
  const runs: ManagementRun[] = [];
  try {
    const started = await startOfApi(socketPath, begun, bound);
    await pass(3000); // The first lap of ARP has begun.
    giveWay(server.pid);
    const alone = await answersAlone(socketPath);
    const seconds = bench.options.seconds * 2;
    const settle = bench.options.quick ? 1 : SETTLE;
    for (let repeat = 0; repeat < bench.options.repeats; repeat += 1)
      for (const disturbance of NAMES) {
        bench.say(`management: ${disturbance}`);
        const asker = askerOf(disturbance, socketPath);
        await pass(asker === undefined ? 0 : 1000); // It has started.
        const result = await generate(bench.segment, {
          ...{ kind: 'renewal', from: 'direct', window: 1, rate: RATE, seconds, settle },
          ...{ hardware, leases: leasesOf(count) },
        });
        runs.push({ disturbance, asked: await askedOf(asker), result });
        await pass(500);
      }
    return {
      tables: [...started.tables, ...alone.tables, tableOf(runs, count)],
      goals: [...alone.goals, ...goalsOf(runs)],
      raw: { started: started.raw, alone: alone.raw, runs },
    };
  } finally {
    await server.end();
  }
}

/** Asks from a process of its own, which gives way to server and guests. */
function askerOf(disturbance: Disturbance, socketPath: string): Program | undefined {
  const asking = DISTURBANCES[disturbance];
  if (asking === undefined) return undefined;
  const script = join(import.meta.dirname, '../clients/asker.js');
  const work = JSON.stringify({ ...asking, socketPath } satisfies Asking);
  const givesWay = ['chrt', '--other', '0', 'nice', '-n', String(MANAGEMENT_NICE)];
  return new Program([...givesWay, process.execPath, script, work]);
}

async function askedOf(asker: Program | undefined): Promise<Asked | undefined> {
  if (asker === undefined) return undefined;
  if (asker.status !== undefined)
    throw new Error(`the asker ended by itself: ${asker.status} ${asker.output}`);
  asker.signal('SIGTERM');
  await asker.ended();
  // It was ended before it had begun.
  if (asker.output === '') return { answers: 0, refused: 0, median: 0, longest: 0 };
  return JSON.parse(asker.output) as Asked;
}

function of(runs: readonly ManagementRun[], disturbance: Disturbance): readonly ManagementRun[] {
  return runs.filter((run) => run.disturbance === disturbance);
}

function medianOf(runs: readonly ManagementRun[], read: (result: WorkloadResult) => number): number {
  return median(runs.map(({ result }) => read(result)));
}

function goalsOf(runs: readonly ManagementRun[]): readonly Goal[] {
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
    // What answers nothing has disturbed nothing: the figures above would say little.
    ...NAMES.filter((name) => DISTURBANCES[name] !== undefined).map((name) => {
      const fewest = Math.min(...askedOfAll(runs, name).map(({ answers }) => answers));
      return goal(`answers of the API: ${name}`, 'some in each run', number(fewest), fewest > 0);
    }),
  ];
}

function askedOfAll(runs: readonly ManagementRun[], name: Disturbance): readonly Asked[] {
  return of(runs, name).flatMap(({ asked }) => asked ?? []);
}

function tableOf(runs: readonly ManagementRun[], count: number): Table {
  return {
    title: 'Management: how long guests wait for their DHCPACK while it is kept busy',
    notes: [
      `${number(count)} leases; ${number(RATE)} renewals a second, medians of the runs, which were made by turns.`,
      'Answers are those of the API, and how long they took; a request beyond its bounds is refused, and sent again.',
    ],
    heads: [
      ...['beside', 'API answers', 'refused', 'API p50', 'API longest'],
      ...['ACK p50', 'p99', 'p99.9', 'longest', 'lost', 'idle'],
    ],
    rows: NAMES.map((name) => {
      const all = of(runs, name);
      const asked = askedOfAll(runs, name);
      const time = (read: (result: WorkloadResult) => number) => number(medianOf(all, read), 2);
      const api = (read: (of: Asked) => number) =>
        asked.length === 0 ? '-' : number(median(asked.map(read)));
      return [
        name,
        ...[api(({ answers }) => answers), api(({ refused }) => refused)],
        ...[api((each) => each.median), api(({ longest }) => longest)],
        ...[time(({ p50 }) => p50), time(({ p99 }) => p99), time(({ p999 }) => p999), time(({ max }) => max)],
        number(all.reduce((sum, { result }) => sum + result.lost, 0)),
        percent(medianOf(all, ({ idle }) => idle)),
      ];
    }),
  };
}
