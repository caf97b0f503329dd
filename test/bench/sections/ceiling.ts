import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Bench } from '../bench.ts';
import { generate, newClients } from '../clients/generate.ts';
import { leasesOf, preload } from '../growth/preload.ts';
import type { Program } from '../machine/program.ts';
import { SERVER_ADDRESS, SERVER_DEVICE } from '../machine/segment.ts';
import { startOfGateway } from '../peers/gateway.ts';
import { startIn } from '../peers/peer.ts';
import { type Findings, type Goal, goal, number, percent, type Table } from '../report/report.ts';
import { medians } from '../report/statistics.ts';
import { type CostedRun, costOf } from './cost.ts';

/** Clients at once. */
const WINDOWS = [64, 256];
/** Clients that renew. */
const LEASES = 100_000;

interface Work {
  readonly name: string;
  readonly kind: 'echo' | 'exchange' | 'renewal';
  readonly from: 'relayed' | 'direct';
  /** Percent; with it the leases have just begun. */
  readonly leaseCache?: number;
}

/** What is measured: the bare sockets, and this server spoken to in different ways. */
const WORKS: readonly Work[] = [
  { name: 'echo, relayed', kind: 'echo', from: 'relayed' },
  { name: 'exchanges, relayed', kind: 'exchange', from: 'relayed' },
  { name: 'exchanges, direct', kind: 'exchange', from: 'direct' },
  { name: 'renewals, direct', kind: 'renewal', from: 'direct' },
  { name: 'renewals, lease cache 45 %', kind: 'renewal', from: 'direct', leaseCache: 45 },
];

interface CeilingResult {
  readonly work: Work;
  readonly window: number;
  readonly all: readonly CostedRun[];
  readonly median: CostedRun;
}

/** The server as fast as it goes, with one processor of its own, and the bare sockets beside it. */
export async function benchCeiling(bench: Bench): Promise<Findings> {
  const { quick } = bench.options;
  const windows = quick ? WINDOWS.slice(-1) : WINDOWS;
  const works = quick ? WORKS.slice(0, 2) : WORKS;
  const cells = works.flatMap((work) => windows.map((window) => ({ work, window, all: [] as CostedRun[] })));
  for (let repeat = 1; repeat <= bench.options.repeats; repeat += 1) {
    for (const work of works) {
      bench.say(`${work.name}, windows ${windows.join(', ')}, repeat ${repeat}`);
      await measure(bench, work, cells);
    }
  }
  const results = cells.map((cell) => ({ ...cell, median: medians(cell.all.map((run) => ({ ...run }))) }));
  return { tables: [tableOf(results)], goals: goalsOf(results), raw: results };
}

async function measure(
  bench: Bench,
  work: Work,
  cells: readonly { readonly work: Work; readonly window: number; readonly all: CostedRun[] }[],
): Promise<void> {
  const { kind, from } = work;
  const hardware = newClients();
  const server = await start(bench, work, hardware);
  try {
    for (const { window, all } of cells.filter((cell) => cell.work === work)) {
      const { seconds } = bench.options;
      const renewing = kind === 'renewal' ? { hardware, leases: leasesOf(LEASES) } : {};
      all.push(
        await costOf(server, () =>
          generate(bench.segment, { kind, from, window, seconds, settle: 0.6, ...renewing }),
        ),
      );
    }
  } finally {
    await server.end();
  }
}

/** The echo, or the gateway with a fresh lease file; for renewals, with leases in it. */
function start(bench: Bench, { kind, leaseCache = 0 }: Work, hardware: number): Promise<Program> {
  const folder = join(bench.folder, 'server');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  if (kind === 'renewal') preload(folder, { count: LEASES, hardware, isNew: leaseCache > 0 });
  const echo = join(import.meta.dirname, '../clients/echo.js');
  const command = [process.execPath, echo, SERVER_DEVICE, SERVER_ADDRESS];
  return startIn(
    kind === 'echo' ? { command } : startOfGateway(folder, { log: 'warn', leaseCache }),
    bench.segment,
    join(bench.folder, 'server.log'),
  );
}

function tableOf(results: readonly CeilingResult[]): Table {
  return {
    title: 'Ceilings: our generator, as fast as it is answered',
    notes: [
      'One processor for the server, the other for the generator; every ACK synced; log at warn.',
      'With the lease cache nothing is written: what a renewal costs but for its lease on the disk.',
      'Server: how much of its processor it used. Generator idle: near 0 % it is itself the limit.',
      'Latency: REQUEST to ACK (echo: there and back), milliseconds; most of it is the window waiting for its turn.',
    ],
    heads: [
      ...['what', 'window', 'a second', 'µs of server', 'p50', 'p99', 'p99.9'],
      ...['lost', 'server', 'generator idle', 'others'],
    ],
    rows: results.map(({ work, window, median }) => [
      ...[work.name, number(window), number(median.rate), number(median.cost, 2)],
      ...[median.p50, median.p99, median.p999].map((time) => number(time, 2)),
      ...[number(median.lost), percent(median.busy), percent(median.idle), percent(median.others)],
    ]),
  };
}

function goalsOf(results: readonly CeilingResult[]): readonly Goal[] {
  const best = (name: string, figure: (run: CostedRun) => number) =>
    Math.max(...results.filter(({ work }) => work.name === name).map(({ median }) => figure(median)));
  // What the sockets would do if the generator kept up: the server's whole processor.
  const echoes = best('echo, relayed', ({ rate, busy }) => rate / Math.min(1, busy));
  const exchanges = best('exchanges, relayed', ({ rate }) => rate);
  const renewals = best('renewals, direct', ({ rate }) => rate);
  const direct = best('exchanges, direct', ({ rate }) => rate);
  const ratio = echoes / 2 / exchanges;
  const ofRenewals = goal(
    'renewals/s against exchanges/s, both direct',
    '>= 1.5 x',
    `${number(renewals / direct, 2)} x (${number(renewals)} / ${number(direct)})`,
    renewals >= 1.5 * direct,
  );
  return [
    goal(
      'sustained exchanges/s against the bare echo ceiling (an exchange is two echoes)',
      '<= 3.5 x; stretch 2.5 x',
      `${number(ratio, 2)} x (${number(echoes / 2)} / ${number(exchanges)})`,
      ratio <= 3.5,
    ),
    ...(Number.isFinite(renewals) && Number.isFinite(direct) ? [ofRenewals] : []),
  ];
}
