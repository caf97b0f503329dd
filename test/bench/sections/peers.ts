import type { Bench } from '../bench.ts';
import { dnsmasq } from '../peers/dnsmasq.ts';
import { gateway } from '../peers/gateway.ts';
import { iscDhcpd } from '../peers/isc-dhcpd.ts';
import { kea } from '../peers/kea.ts';
import { findProgram, type Peer } from '../peers/peer.ts';
import { type Findings, megabytes, number, percent, type Table } from '../report/report.ts';
import { goalsOfPeers } from './peer-goals.ts';
import { medianRun, type RateRun, runAtRate } from './rate-run.ts';
import { type Contender, highestRate, type Sustained, startWarm, sustain } from './sustained.ts';

/** Clients at once. */
const WINDOWS = [64, 256];
const FAST = { rates: [500, 4000, 10_000], climb: [12_500, 15_000, 17_500, 20_000], isSlow: false };

function contenders(quick: boolean): readonly Contender[] {
  const all: readonly Contender[] = [
    { peer: gateway('info'), ...FAST },
    { peer: gateway('warn'), ...FAST },
    { peer: kea('INFO', 'raw'), ...FAST },
    { peer: kea('WARN', 'raw'), ...FAST },
    { peer: kea('WARN', 'udp'), ...FAST, climb: [] },
    { peer: iscDhcpd(), rates: [500], climb: [800, 1000, 1200, 1400, 1600], isSlow: true },
    { peer: dnsmasq(), rates: [200], climb: [300, 400, 500, 600], firstLeases: 2000, isSlow: true },
  ];
  return quick ? all.filter(({ peer }) => !peer.configuration.includes('udp')) : all;
}

/** All that was measured of one contender. */
export interface PeerResult {
  readonly peer: Peer;
  readonly runs: readonly {
    readonly asked: number;
    readonly all: readonly RateRun[];
    readonly median: RateRun;
  }[];
  readonly highest: number | undefined;
  readonly sustained: readonly Sustained[];
}

/** This server beside every other that is installed: the same segment, clients and processors. */
export async function benchPeers(bench: Bench): Promise<Findings> {
  if (findProgram('perfdhcp') === undefined) {
    bench.say('perfdhcp is missing: apt-get install kea-admin');
    return { tables: [], goals: [], raw: { missing: 'perfdhcp' } };
  }
  const present = contenders(bench.options.quick).filter((contender) => isInstalled(bench, contender.peer));
  const runs = new Map<Contender, Map<number, RateRun[]>>(present.map((each) => [each, new Map()]));
  for (let repeat = 1; repeat <= bench.options.repeats; repeat += 1) {
    for (const [contender, byRate] of runs) {
      await orLeaveOut(bench, contender, runs, () => compare(bench, contender, byRate, repeat));
    }
  }
  const results: PeerResult[] = [];
  for (const [contender, byRate] of runs) {
    await orLeaveOut(bench, contender, runs, async () => {
      results.push(await finish(bench, contender, byRate));
    });
  }
  return {
    tables: [tableOfRates(results), tableOfCeilings(results)],
    goals: goalsOfPeers(results, bench.machine),
    raw: results,
  };
}

function isInstalled(bench: Bench, { name, program, debianPackage }: Peer): boolean {
  if (findProgram(program) !== undefined) return true;
  bench.say(`${name} is not installed, so it is left out: apt-get install ${debianPackage}`);
  return false;
}

/** A server that fails is left out of what follows, and the others are measured. */
async function orLeaveOut(
  bench: Bench,
  contender: Contender,
  all: Map<Contender, unknown>,
  measure: () => Promise<void>,
): Promise<void> {
  try {
    await measure();
  } catch (error) {
    all.delete(contender);
    const { name, configuration } = contender.peer;
    bench.say(`${name}, ${configuration}, is left out: ${error instanceof Error ? error.message : error}`);
  }
}

/** One repeat: a fresh start, then each rate. */
async function compare(
  bench: Bench,
  contender: Contender,
  byRate: Map<number, RateRun[]>,
  repeat: number,
): Promise<void> {
  const { peer, rates } = contender;
  bench.say(`${peer.name}, ${peer.configuration}, log ${peer.log}: ${rates.join(', ')}/s, repeat ${repeat}`);
  const server = await startWarm(bench, contender);
  try {
    for (const rate of rates) {
      const run = await runAtRate(bench.segment, server, rate, bench.options.seconds);
      byRate.set(rate, [...(byRate.get(rate) ?? []), run]);
    }
  } finally {
    await server.end();
  }
}

async function finish(
  bench: Bench,
  contender: Contender,
  byRate: ReadonlyMap<number, readonly RateRun[]>,
): Promise<PeerResult> {
  const { peer } = contender;
  bench.say(`${peer.name}, ${peer.configuration}, log ${peer.log}: what it can sustain`);
  const runs = [...byRate].map(([asked, all]) => ({ asked, all, median: medianRun(all) }));
  const passed = runs.filter(({ median }) => median.loss <= 0.01).at(-1)?.median.rate;
  const climbs = contender.climb.length > 0 && runs.at(-1)?.median.rate === passed;
  const highest = climbs ? await highestRate(bench, contender, passed) : passed;
  const sustained: Sustained[] = [];
  for (const window of bench.options.quick ? WINDOWS.slice(0, 1) : WINDOWS) {
    sustained.push(await sustain(bench, contender, window));
  }
  return { peer, runs, highest, sustained };
}

function tableOfRates(results: readonly PeerResult[]): Table {
  return {
    title: 'The same clients at the same rate: perfdhcp, one relay agent',
    notes: [
      'Medians of the repeats, but the worst of the longest times. Loss: DISCOVERs without an ACK in the end.',
      'µs/exchange: of all the threads of the server, on one processor; perfdhcp has the other one.',
      'p50 to max: REQUEST to ACK in milliseconds, by perfdhcp. Others: what else the machine did, 100 % is one processor.',
    ],
    heads: [
      ...['server', 'configuration', 'log', 'synced', 'asked/s', 'done/s', 'loss', 'µs/exchange'],
      ...['p50', 'p99', 'p99.9', 'max', 'peak MB', 'perfdhcp', 'others'],
    ],
    rows: results.flatMap(({ peer, runs }) =>
      runs.map(({ asked, median }) => [
        ...[peer.name, peer.configuration, peer.log, peer.synced ? 'yes' : 'no'],
        ...[number(asked), number(median.rate), percent(median.loss), number(median.cost, 1)],
        ...[median.p50, median.p99, median.p999, median.max].map((time) => number(time, 2)),
        ...[megabytes(median.peak), percent(median.client), percent(median.others)],
      ]),
    ),
  };
}

function tableOfCeilings(results: readonly PeerResult[]): Table {
  return {
    title: 'How much each can sustain',
    notes: [
      'At 1 % loss: the highest tested rate of perfdhcp, in steps; at 20,000/s perfdhcp is itself near its limit.',
      'Window: our generator with so many clients at once, as fast as they are answered; dnsmasq for its first 2,000 leases.',
    ],
    heads: [
      ...['server', 'configuration', 'log', 'synced', 'at 1 % loss'],
      ...['window', 'exchanges/s', 'µs/exchange', 'p50 ms', 'p99 ms', 'lost'],
    ],
    rows: results.flatMap(({ peer, highest, sustained }) =>
      sustained.map((each, index) => [
        ...(index === 0
          ? [
              peer.name,
              peer.configuration,
              peer.log,
              peer.synced ? 'yes' : 'no',
              number(highest ?? Number.NaN),
            ]
          : ['', '', '', '', '']),
        ...[number(each.window), number(each.rate), number(each.cost, 1)],
        ...[number(each.p50, 2), number(each.p99, 2), number(each.lost)],
      ]),
    ),
  };
}
