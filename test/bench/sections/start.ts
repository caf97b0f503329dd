import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pass } from 'node:timers/promises';
import type { Bench } from '../bench.ts';
import { generate, SERVER_PROCESSOR } from '../clients/generate.ts';
import { memoryOf, wakeUpsOf } from '../machine/at-rest.ts';
import { Program } from '../machine/program.ts';
import { startOfGateway } from '../peers/gateway.ts';
import { type Start, startIn } from '../peers/peer.ts';
import { type Findings, type Goal, goal, megabytes, number, type Table } from '../report/report.ts';
import { median } from '../report/statistics.ts';

/** How long a server rests before it is looked at, and is looked at: seconds. What only its start has used is given back by then. */
const REST = 40;
const LOOK = 20;
/** How often the time that a starting server has used is read: milliseconds. */
const READ = 2;
/** An ordinary pool of 235. */
const ORDINARY_POOL = { first: '10.65.0.20', last: '10.65.0.254' };
const OFF = { GATEWAY_METRICS_PORT: 'off', GATEWAY_API_SOCKET: 'off' };

/** From the start of the process to its first ACK: milliseconds, and those of a processor. */
interface Started {
  readonly time: number;
  readonly cpu: number;
}

/** Bytes, and wake-ups in a second. */
interface AtRest {
  readonly own: number;
  readonly resident: number;
  readonly wakeUps: number;
}

/** What a start in an empty leases directory costs, and a server to which nobody speaks: with API and metrics, and without. */
export async function benchStart(bench: Bench): Promise<Findings> {
  const starts: Started[] = [];
  const node = await emptyNode();
  for (let repeat = 0; repeat < 2 * bench.options.repeats + 1; repeat += 1) {
    bench.say(`start ${repeat + 1}`);
    const { server, started } = await startUntilAck(bench);
    await server.end();
    starts.push(started);
  }
  const whole = await atRest(bench, 'with API and metrics', {});
  const alone = await atRest(bench, 'without', OFF);
  const start = { time: median(starts.map(({ time }) => time)), cpu: median(starts.map(({ cpu }) => cpu)) };
  return {
    tables: [tableOf(start, node, whole, alone)],
    goals: goalsOf(start, whole, alone),
    raw: { starts, node, whole, alone },
  };
}

/** In an empty leases directory. */
function startOf(bench: Bench, settings: Readonly<Record<string, string>>): Start {
  const folder = join(bench.folder, 'started');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  return startOfGateway(folder, { log: 'warn', pool: ORDINARY_POOL, settings });
}

async function startUntilAck(bench: Bench) {
  const asking = generate(bench.segment, {
    // A new client each 4 ms. All of them wait for their OFFER: the first one after a start takes longer than that.
    ...{ kind: 'first-ack', from: 'relayed', window: 1, rate: 250, seconds: 30, settle: 0 },
  });
  await pass(500); // Until it asks.
  const { command, environment = {} } = startOf(bench, {});
  const server = new Program(command, {
    ...{ namespace: bench.segment.server, processor: SERVER_PROCESSOR, environment },
    log: join(bench.folder, 'server.log'),
  });
  const used: (readonly [at: bigint, nanoseconds: number])[] = [];
  const reading = setInterval(() => used.push([process.hrtime.bigint(), server.nanoseconds()]), READ);
  const { firstAckAt, completed } = await asking;
  clearInterval(reading);
  if (completed === 0) throw new Error('no ACK came');
  const at = BigInt(firstAckAt);
  const cpu = used.find(([time]) => time >= at)?.[1] ?? server.nanoseconds();
  return { server, started: { time: Number(at - server.startedAt) / 1e6, cpu: cpu / 1e6 } };
}

/** Node.js that does nothing, for how fast this machine is now. */
async function emptyNode(): Promise<Started> {
  const all: Started[] = [];
  for (let repeat = 0; repeat < 5; repeat += 1) {
    const program = new Program([process.execPath, '-e', '0'], { processor: SERVER_PROCESSOR });
    const reading = setInterval(() => program.nanoseconds(), READ);
    await program.ended();
    clearInterval(reading);
    const time = Number(process.hrtime.bigint() - program.startedAt) / 1e6;
    all.push({ time, cpu: program.nanoseconds() / 1e6 });
  }
  return { time: median(all.map(({ time }) => time)), cpu: median(all.map(({ cpu }) => cpu)) };
}

async function atRest(
  bench: Bench,
  what: string,
  settings: Readonly<Record<string, string>>,
): Promise<AtRest> {
  bench.say(`at rest, ${what}: ${REST + LOOK} s`);
  const server = await startIn(startOf(bench, settings), bench.segment, join(bench.folder, 'server.log'));
  try {
    await pass(REST * 1000);
    const memory = memoryOf(server.pid);
    return { ...memory, wakeUps: await wakeUpsOf(server.pid, LOOK) };
  } finally {
    await server.end();
  }
}

function tableOf({ time, cpu }: Started, node: Started, whole: AtRest, alone: AtRest): Table {
  const resting = ({ own, resident, wakeUps }: AtRest) => [
    ...[megabytes(own), megabytes(resident), number(wakeUps, 1)],
  ];
  return {
    title: 'A start in an empty directory, and a gateway at rest',
    notes: [
      `Start: from the start of the process to its first ACK, on one processor. Node.js alone takes ${number(node.time)} ms, ${number(node.cpu)} of them CPU.`,
      `A pool of 235. At rest: ${REST} s after the start, and for ${LOOK} s from then on. Own: memory that no other process has.`,
    ],
    heads: ['gateway', 'start ms', 'CPU ms', 'own MB', 'resident MB', 'wake-ups/s'],
    rows: [
      ['with API and metrics', number(time), number(cpu), ...resting(whole)],
      ['without', '', '', ...resting(alone)],
    ],
  };
}

function goalsOf({ time, cpu }: Started, whole: AtRest, alone: AtRest): readonly Goal[] {
  const megabyte = 1024 * 1024;
  const more = whole.own - alone.own;
  const moreWakeUps = whole.wakeUps - alone.wakeUps;
  return [
    goal(
      'from the start to the first ACK, in an empty directory',
      '<= 160 ms, 150 of them CPU',
      `${number(time)} ms, ${number(cpu)}`,
      time <= 160 && cpu <= 150,
    ),
    goal(
      'memory at rest without API and metrics: own, resident',
      '<= 20, 66 MB',
      `${megabytes(alone.own)}, ${megabytes(alone.resident)} MB`,
      alone.own <= 20 * megabyte && alone.resident <= 66 * megabyte,
    ),
    goal('with them, more', '<= 30 MB', `${megabytes(more)} MB`, more <= 30 * megabyte),
    goal(
      'wake-ups a second at rest; with API and metrics, more',
      '<= 3; 2',
      `${number(alone.wakeUps, 1)}; ${number(moreWakeUps, 1)}`,
      alone.wakeUps <= 3 && moreWakeUps <= 2,
    ),
  ];
}
