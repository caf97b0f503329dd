import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pass } from 'node:timers/promises';
import type { Bench } from '../bench.ts';
import { generate } from '../clients/generate.ts';
import type { WorkloadResult } from '../clients/workload.ts';
import { startOfGateway } from '../peers/gateway.ts';
import { startIn } from '../peers/peer.ts';
import { type Findings, goal, number, percent, type Table } from '../report/report.ts';

const RATE = 1500;
/** Addresses that are asked for ahead of need, twice each, so many a second. */
const FOLLOWED = 4096;
const ASKED = 128;

interface Pool {
  readonly size: number;
  readonly last: string;
  /** New clients: one after the other in a pool that has no room for a rate. */
  readonly clients: number | undefined;
}

const POOLS: readonly Pool[] = [
  { size: 5, last: '10.65.0.4', clients: 4 },
  { size: 235, last: '10.65.0.234', clients: 150 },
  { size: 4096, last: '10.65.15.255', clients: 3000 },
  { size: 65_536, last: '10.65.255.255', clients: undefined },
  { size: 1_048_576, last: '10.80.255.255', clients: undefined },
];

/** off: ARP is; first: nothing was asked ahead of need yet; ahead: the first lap is over. */
type When = 'off' | 'first' | 'ahead';

interface ArpRun {
  readonly size: number;
  readonly when: When;
  readonly result: WorkloadResult;
}

/** How long new clients wait with ARP on, as it is by default: while it is asked first, and where it was asked ahead. */
export async function benchArp(bench: Bench): Promise<Findings> {
  const runs: ArpRun[] = [];
  for (const pool of POOLS) {
    bench.say(`ARP, a pool of ${pool.size}`);
    for (const when of ['off', 'first', 'ahead'] as const)
      runs.push({ size: pool.size, when, result: await measure(bench, pool, when) });
  }
  const after = runs.filter(({ when }) => when === 'ahead');
  const slowest = Math.max(...after.map(({ result }) => result.offer.p50));
  const lost = after.reduce((sum, { result }) => sum + result.lost, 0);
  return {
    tables: [tableOf(runs)],
    goals: [
      goal('DISCOVER to OFFER with ARP on, median', '< 1 ms', `${number(slowest, 2)} ms`, slowest < 1),
      goal('new clients at 1,500/s with ARP on', 'none lost', `${number(lost)} lost`, lost === 0),
    ],
    raw: runs,
  };
}

async function measure(bench: Bench, pool: Pool, when: When): Promise<WorkloadResult> {
  const { segment, options } = bench;
  const folder = join(bench.folder, 'server');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const settings = {
    log: 'warn',
    arpProbe: when === 'off' ? 'off' : '300ms',
    pool: { first: '10.65.0.0', last: pool.last },
  } as const;
  const server = await startIn(startOfGateway(folder, settings), segment, join(bench.folder, 'server.log'));
  try {
    const isAfter = when === 'ahead';
    if (isAfter) await pass(((2 * Math.min(pool.size, FOLLOWED)) / ASKED) * 1000 + 3000);
    const { clients } = pool;
    const isSmall = clients !== undefined && clients < RATE;
    const most = when === 'first' ? Math.min(clients ?? RATE, RATE) : clients;
    return await generate(segment, {
      ...{ kind: 'exchange', from: 'direct', settle: 0, seconds: options.seconds * 2 },
      ...(isSmall ? { window: 1 } : { window: 1, rate: RATE }),
      ...(most === undefined ? {} : { limit: most }),
    });
  } finally {
    await server.end();
  }
}

function tableOf(runs: readonly ArpRun[]): Table {
  return {
    title: 'ARP: how long new clients wait for the question whether their address is in use',
    notes: [
      `Pools of 4,096 addresses and more: ${RATE} new clients a second; smaller ones: one client after the other.`,
      'ARP first: just after the start, so that a DHCPDISCOVER waits 300 ms for the question; ahead: after the first lap.',
      'A client of our generator asks for its offer at once: its ACK leaves 10 ms after the question beside the offer.',
    ],
    heads: [
      'pool',
      'ARP',
      'clients',
      'a second',
      'offer p50',
      'offer p99',
      'ACK p50',
      'ACK p99',
      'lost',
      'idle',
    ],
    rows: runs.map(({ size, when, result }) => [
      ...[number(size), when, number(result.completed), number(result.rate)],
      ...[result.offer.p50, result.offer.p99, result.p50, result.p99].map((time) => number(time, 2)),
      ...[number(result.lost), percent(result.idle)],
    ]),
  };
}
