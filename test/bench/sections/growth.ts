import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pass } from 'node:timers/promises';
import type { Bench } from '../bench.ts';
import { generate, newClients } from '../clients/generate.ts';
import { leasesOf, preload } from '../growth/preload.ts';
import { Program } from '../machine/program.ts';
import { WIDE_POOL } from '../machine/segment.ts';
import { startOfGateway } from '../peers/gateway.ts';
import { startIn } from '../peers/peer.ts';
import { type Findings, type Goal, goal, megabytes, number, type Table } from '../report/report.ts';
import { median } from '../report/statistics.ts';
import { type CostedRun, costOf } from './cost.ts';

const SIZES = [1000, 10_000, 100_000, 1_000_000] as const;
const QUICK_SIZES = [1000, 1_000_000] as const;
const WINDOW = 64;
/** Records of a table that has grown past a power of two, where one that is copied whole would be. */
const GROWN = 1_100_000;
/** Renewals a second while leases run out, history is pruned and checkpoints are made; for so many seconds. */
const HOUSEKEEPING = { rate: 2000, seconds: 12, expired: 200_000, oldHistory: 500_000 } as const;

interface Size {
  readonly leases: number;
  readonly renewal: CostedRun;
  readonly exchange: CostedRun;
  /** Bytes: V8's heap and what hangs on it after a collection; and what is resident while it serves. */
  readonly heap: number;
  readonly resident: number;
  /** Milliseconds from the start of the process to the first ACK. */
  readonly start: number;
}

/** What more leases cost: for each exchange, in memory, at the start. */
export async function benchGrowth(bench: Bench): Promise<Findings> {
  const none = await measureMemory(bench, 0);
  const sizes: Size[] = [];
  for (const leases of bench.options.quick ? QUICK_SIZES : SIZES)
    sizes.push(await measureSize(bench, leases));
  const pauses = await measurePauses(bench);
  const longestAdd = await measureLongestAdd(bench);
  return {
    tables: [tableOf(sizes, none), tableOfPauses(pauses, longestAdd)],
    goals: goalsOf(sizes, none, pauses),
    raw: { none, sizes, pauses, longestAdd },
  };
}

async function measureSize(bench: Bench, leases: number): Promise<Size> {
  bench.say(`${number(leases)} leases`);
  const { folder, hardware } = fill(bench, leases);
  const { heap } = await measureMemory(bench, leases);
  const starts: number[] = [];
  for (let repeat = 1; repeat < bench.options.repeats; repeat += 1) {
    const { server, milliseconds } = await startUntilAck(bench, folder, hardware, leases);
    starts.push(milliseconds);
    await server.end();
  }
  const { server, milliseconds } = await startUntilAck(bench, folder, hardware, leases);
  try {
    const resident = server.memory().resident;
    const { seconds } = bench.options;
    const renewing = { hardware, leases: leasesOf(leases) };
    const run = (kind: 'renewal' | 'exchange') =>
      costOf(server, () =>
        kind === 'renewal'
          ? generate(bench.segment, { kind, from: 'direct', window: WINDOW, seconds, settle: 1, ...renewing })
          : generate(bench.segment, { kind, from: 'relayed', window: WINDOW, seconds, settle: 1 }),
      );
    await run('renewal'); // Warm.
    const renewal = await run('renewal');
    const exchange = await run('exchange');
    return { leases, renewal, exchange, heap, resident, start: median([...starts, milliseconds]) };
  } finally {
    await server.end();
  }
}

function fill(bench: Bench, count: number, more: { expired?: number; oldHistory?: number } = {}) {
  const folder = join(bench.folder, 'grown');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const hardware = newClients();
  if (count > 0) preload(folder, { count, hardware, ...more });
  return { folder, hardware };
}

/** The server on a lease folder; the first client asks for its lease every few milliseconds until it is renewed. */
async function startUntilAck(bench: Bench, folder: string, hardware: number, leases: number) {
  const asking = generate(bench.segment, {
    ...{ kind: 'until-ack', from: 'direct', window: 1, seconds: 30, settle: 0 },
    ...{ hardware, leases: leasesOf(leases) },
  });
  await pass(500); // Until it asks.
  const start = startOfGateway(folder, { log: 'warn', pool: WIDE_POOL });
  const before = process.hrtime.bigint();
  const server = await startIn(start, bench.segment, join(bench.folder, 'server.log'));
  const { firstAckAt, completed } = await asking;
  if (completed === 0) throw new Error('no ACK came');
  return { server, milliseconds: Number(BigInt(firstAckAt) - before) / 1e6 };
}

interface Memory {
  readonly heap: number;
  readonly resident: number;
}

/** In a process that only opens the store. */
function measureMemory(bench: Bench, leases: number): Promise<Memory> {
  const folder = leases === 0 ? fill(bench, 0).folder : join(bench.folder, 'grown');
  const { first } = leasesOf(leases);
  const range = leases === 0 ? [first, first] : [first, first + leases - 1];
  return outputOf<Memory>('store-memory', folder, ...range.map(String));
}

/** Milliseconds of the longest add to a table that grows past a million records. */
async function measureLongestAdd(bench: Bench): Promise<number> {
  bench.say(`a table of ${number(GROWN)} records`);
  return (await outputOf<{ readonly longest: number }>('longest-add', String(GROWN))).longest;
}

/** What a script in a process of its own writes, which is JSON. */
async function outputOf<Output>(name: string, ...values: readonly string[]): Promise<Output> {
  const script = join(import.meta.dirname, `../growth/${name}.js`);
  const program = new Program([process.execPath, '--expose-gc', script, ...values]);
  await program.ended();
  if (program.status !== 0) throw new Error(`${name} ended with ${program.status}: ${program.output}`);
  return JSON.parse(program.output) as Output;
}

/** A million leases, many of which run out, and a history of which much is too old. */
async function measurePauses(bench: Bench): Promise<CostedRun> {
  const leases = 1_000_000;
  const { rate, seconds, expired, oldHistory } = HOUSEKEEPING;
  bench.say(`${number(leases)} leases with housekeeping`);
  const { folder, hardware } = fill(bench, leases, { expired, oldHistory });
  const { server } = await startUntilAck(bench, folder, hardware, leases);
  try {
    return await costOf(server, () =>
      generate(bench.segment, {
        ...{ kind: 'renewal', from: 'direct', window: 1, rate, hardware },
        ...{ seconds: bench.options.quick ? 5 : seconds, settle: 2, leases: leasesOf(leases - expired) },
      }),
    );
  } finally {
    await server.end();
  }
}

function tableOf(sizes: readonly Size[], none: Memory): Table {
  return {
    title: 'Growth: what more leases cost',
    notes: [
      `Our generator with a window of ${WINDOW}; every ACK synced; the clients renew in an order far from the store's.`,
      'Bytes a lease: V8 heap with what hangs on it after a collection, beyond that of an empty store.',
      'Start: from the start of the process to the first ACK.',
    ],
    heads: [
      ...['leases', 'µs/renewal', 'renewals/s', 'µs/exchange', 'exchanges/s', 'bytes a lease', 'heap MB'],
      ...['resident MB', 'start ms', 'others'],
    ],
    rows: sizes.map(({ leases, renewal, exchange, heap, resident, start }) => [
      ...[number(leases), number(renewal.cost, 1), number(renewal.rate), number(exchange.cost, 1)],
      ...[number(exchange.rate), number((heap - none.heap) / leases), megabytes(heap), megabytes(resident)],
      ...[number(start), `${number(((renewal.others + exchange.others) / 2) * 100)} %`],
    ]),
  };
}

function tableOfPauses(run: CostedRun, longestAdd: number): Table {
  const { rate, expired, oldHistory } = HOUSEKEEPING;
  return {
    title: 'Pauses: a million leases, with expiry, pruning and checkpoints under way',
    notes: [
      `${number(rate)} renewals a second; ${number(expired)} leases run out and ${number(oldHistory)} rows of history are too old.`,
      "Longest: REQUEST (when it was due) to ACK in milliseconds. Generator: its own longest pause, which is none of the server's.",
      `The longest add to a lease table on the way to ${number(GROWN)} records, the least of three runs for each: ${number(longestAdd, 2)} ms.`,
    ],
    heads: ['renewals/s', 'p50', 'p99', 'p99.9', 'longest', 'generator', 'lost', 'others'],
    rows: [
      [
        ...[run.rate, run.p50, run.p99, run.p999].map((figure, index) => number(figure, index === 0 ? 0 : 2)),
        ...[number(run.max, 1), number(run.longestGap, 1), number(run.lost), `${number(run.others * 100)} %`],
      ],
    ],
  };
}

function goalsOf(sizes: readonly Size[], none: Memory, pauses: CostedRun): readonly Goal[] {
  const [least, most] = [sizes[0], sizes.at(-1)];
  if (least === undefined || most === undefined) return [];
  const renewals = most.renewal.cost / least.renewal.cost;
  const exchanges = most.exchange.cost / least.exchange.cost;
  const bytes = (most.heap - none.heap) / most.leases;
  return [
    goal(
      'CPU per exchange at 1 million leases against 1 thousand',
      '<= 1.3 x',
      `exchanges ${number(exchanges, 2)} x, renewals ${number(renewals, 2)} x`,
      Math.max(exchanges, renewals) <= 1.3,
    ),
    goal('memory per lease beyond the empty process', '<= 300 bytes', `${number(bytes)} bytes`, bytes <= 300),
    goal(
      'start with 1 million leases until the first ACK',
      '< 3 s',
      `${number(most.start / 1000, 2)} s`,
      most.start < 3000,
    ),
    goal(
      'longest pause of the packet path at 1 million leases',
      '<= 50 ms',
      `${number(pauses.max, 1)} ms (the generator itself: ${number(pauses.longestGap, 1)} ms)`,
      pauses.max <= 50,
    ),
  ];
}
