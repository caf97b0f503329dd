import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Bench } from '../bench.ts';
import { generate } from '../clients/generate.ts';
import { startOfGateway } from '../peers/gateway.ts';
import { startIn } from '../peers/peer.ts';
import { type Findings, goal, number, percent, type Table } from '../report/report.ts';
import { median } from '../report/statistics.ts';
import { type CostedRun, costOf } from './cost.ts';

/** Clients at once. */
const WINDOW = 64;
const WARM_UP = 20_000;
/** How often both are measured, one after the other. */
const TURNS = 6;
/** What the guards may cost. */
const SHARE = 0.03;

const GUARDS = ['on', 'off'] as const;
type Guards = (typeof GUARDS)[number];

/** Every guard that a setting has, off: the others cannot be turned off. */
const OFF = {
  GATEWAY_DHCP_CHADDR_CHECK: 'off',
  GATEWAY_DHCP_LIMIT_MAC_MESSAGES: '0',
  GATEWAY_DHCP_LIMIT_MAC_LEASES: '0',
  GATEWAY_DHCP_LIMIT_MAC_CHANGES: '0',
  GATEWAY_DHCP_LIMIT_NEW_LEASES: '0',
  GATEWAY_DHCP_LIMIT_UNKNOWN_MESSAGES: '0',
  GATEWAY_DHCP_LIMIT_PORTS: 'off',
};

/** A run of each, one right after the other. */
interface Turn {
  readonly on: CostedRun;
  readonly off: CostedRun;
}

/** What the guards against guests cost when nobody attacks: on and off by turns, new clients on the segment. */
export async function benchGuards(bench: Bench): Promise<Findings> {
  const turns: Turn[] = [];
  for (let turn = 0; turn < (bench.options.quick ? 2 : TURNS); turn += 1) {
    bench.say(`guards on and off, turn ${turn + 1}`);
    // Who comes first changes: a machine gets slower or faster in the course of a run.
    const order = turn % 2 === 0 ? GUARDS : [...GUARDS].reverse();
    const runs: Partial<Record<Guards, CostedRun>> = {};
    for (const guards of order) runs[guards] = await measure(bench, guards);
    const { on, off } = runs;
    if (on !== undefined && off !== undefined) turns.push({ on, off });
  }
  const rate = median(turns.map(({ on, off }) => on.rate / off.rate)) - 1;
  const cost = median(turns.map(({ on, off }) => on.cost / off.cost)) - 1;
  return {
    tables: [tableOf(turns)],
    goals: [
      goal('guards on: exchanges/s against off', 'at most 3 % fewer', signed(rate), rate >= -SHARE),
      goal('guards on: CPU per exchange against off', 'at most 3 % more', signed(cost), cost <= SHARE),
    ],
    raw: turns,
  };
}

async function measure({ segment, folder, options }: Bench, guards: Guards): Promise<CostedRun> {
  const files = join(folder, 'server');
  rmSync(files, { recursive: true, force: true });
  mkdirSync(files, { recursive: true });
  const start = startOfGateway(files, { log: 'warn', settings: guards === 'off' ? OFF : {} });
  const server = await startIn(start, segment, join(folder, 'server.log'));
  try {
    const work = { kind: 'exchange', from: 'direct', window: WINDOW } as const;
    await generate(segment, { ...work, seconds: 5, settle: 0, limit: WARM_UP });
    return await costOf(server, () => generate(segment, { ...work, seconds: options.seconds * 2 }));
  } finally {
    await server.end();
  }
}

function tableOf(turns: readonly Turn[]): Table {
  return {
    title: 'The guards against guests, on and off by turns, when nobody attacks',
    notes: [
      `${WINDOW} clients at once on the segment, each new. Off: the chaddr check and all limits; the rest is always there.`,
      'The last line: the median of the quotients of both runs of each turn.',
    ],
    heads: ['turn', 'exchanges/s on', 'off', 'us an exchange on', 'off', 'others on', 'off'],
    rows: [
      ...turns.map(({ on, off }, index) => [
        String(index + 1),
        ...[on.rate, off.rate].map((value) => number(value)),
        ...[on.cost, off.cost].map((value) => number(value, 1)),
        ...[on.others, off.others].map((value) => number(value, 2)),
      ]),
      [
        'on / off',
        number(median(turns.map(({ on, off }) => on.rate / off.rate)), 3),
        '',
        number(median(turns.map(({ on, off }) => on.cost / off.cost)), 3),
        ...['', '', ''],
      ],
    ],
  };
}

function signed(share: number): string {
  return `${share >= 0 ? '+' : '-'}${percent(Math.abs(share))}`;
}
