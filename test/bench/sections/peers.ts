import type { Bench } from '../bench.ts';
import { dnsmasq } from '../peers/dnsmasq.ts';
import { gateway } from '../peers/gateway.ts';
import { iscDhcpd } from '../peers/isc-dhcpd.ts';
import { kea } from '../peers/kea.ts';
import { findProgram, type Peer } from '../peers/peer.ts';
import type { Findings } from '../report/report.ts';
import { goalsOfPeers } from './peer-goals.ts';
import { tableOfRates, tableOfSustained } from './peer-tables.ts';
import { generateAtRate, medianRun, type RateRun, runAtRate } from './rate-run.ts';
import { type Contender, highestRate, MOST_LOSS, type Sustained, startWarm, sustain } from './sustained.ts';

/** Rates of perfdhcp, and beyond them until it loses too much; the rate of our generator; its clients at once. */
const FAST = {
  rates: [500, 4000, 10_000],
  climb: [12_500, 15_000, 17_500, 20_000],
  generated: 10_000,
  windows: [64, 256],
};
const SLOW = { windows: [64] };

function contenders(quick: boolean): readonly Contender[] {
  const all: readonly Contender[] = [
    { peer: gateway('info'), ...FAST, isOurs: true },
    { peer: gateway('warn'), ...FAST, isOurs: true },
    { peer: kea('INFO', 'raw'), ...FAST },
    { peer: kea('WARN', 'raw'), ...FAST },
    { peer: kea('WARN', 'udp'), ...FAST, climb: [], windows: [64] },
    { peer: iscDhcpd(), ...SLOW, rates: [500], climb: [800, 1000, 1200, 1400, 1600] },
    { peer: dnsmasq(), ...SLOW, rates: [200], climb: [300, 400, 500, 600], firstLeases: 2000 },
  ];
  return quick
    ? all
        .filter(({ peer }) => !/warn/i.test(peer.log))
        .map((each) => ({ ...each, climb: [], windows: each.windows.slice(-1) }))
    : all;
}

/** The repeats at one rate of one kind of clients. */
export interface RatedRuns {
  readonly by: 'perfdhcp' | 'generator';
  readonly asked: number;
  readonly all: readonly RateRun[];
  readonly median: RateRun;
}

/** All that was measured of one contender. */
export interface PeerResult {
  readonly peer: Peer;
  readonly runs: readonly RatedRuns[];
  readonly highest: number | undefined;
  readonly sustained: readonly Sustained[];
}

interface Cell extends Pick<RatedRuns, 'by' | 'asked'> {
  readonly all: RateRun[];
}

/** This server beside every other that is installed: the same segment, clients and processors. */
export async function benchPeers(bench: Bench): Promise<Findings> {
  if (findProgram('perfdhcp') === undefined) {
    bench.say('perfdhcp is missing, and nothing can be compared: apt-get install kea-admin');
    return { tables: [], goals: [], raw: { missing: 'perfdhcp' } };
  }
  const present = contenders(bench.options.quick).filter(({ peer }) => isInstalled(bench, peer));
  const cells = new Map(present.map((contender) => [contender, cellsOf(contender)]));
  for (let repeat = 1; repeat <= bench.options.repeats; repeat += 1) {
    for (const [contender, own] of cells) {
      await orLeaveOut(bench, contender, cells, () => compare(bench, contender, own, repeat));
    }
  }
  const results: PeerResult[] = [];
  for (const [contender, own] of cells) {
    await orLeaveOut(bench, contender, cells, async () => {
      results.push(await finish(bench, contender, own));
    });
  }
  return {
    tables: [tableOfRates(results), tableOfSustained(results)],
    goals: goalsOfPeers(results, bench.machine),
    raw: results,
  };
}

function isInstalled(bench: Bench, { name, program, debianPackage }: Peer): boolean {
  if (findProgram(program) !== undefined) return true;
  bench.say(`${name} is not installed, so it is left out: apt-get install ${debianPackage}`);
  return false;
}

function cellsOf({ rates, generated }: Contender): readonly Cell[] {
  const cells = rates.map((asked): Cell => ({ by: 'perfdhcp', asked, all: [] }));
  return generated === undefined ? cells : [...cells, { by: 'generator', asked: generated, all: [] }];
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
  cells: readonly Cell[],
  repeat: number,
): Promise<void> {
  const { segment, options } = bench;
  const { name, configuration, log } = contender.peer;
  const rates = cells.map(({ asked }) => asked).join(', ');
  bench.say(`${name}, ${configuration}, log ${log}: ${rates}/s, repeat ${repeat} of ${options.repeats}`);
  const server = await startWarm(bench, contender);
  try {
    for (const { by, asked, all } of cells) {
      const run = by === 'perfdhcp' ? runAtRate : generateAtRate;
      all.push(await run(segment, server, asked, options.seconds));
    }
  } finally {
    await server.end();
  }
}

async function finish(bench: Bench, contender: Contender, cells: readonly Cell[]): Promise<PeerResult> {
  const { peer, climb, windows } = contender;
  bench.say(`${peer.name}, ${peer.configuration}, log ${peer.log}: what it can sustain`);
  const runs = cells.map((cell) => ({ ...cell, median: medianRun(cell.all) }));
  const compared = runs.filter(({ by }) => by === 'perfdhcp');
  const passed = compared.filter(({ median }) => median.loss <= MOST_LOSS);
  const climbs = climb.length > 0 && passed.length === compared.length;
  const before = passed.at(-1)?.median.rate;
  const highest = climbs ? await highestRate(bench, contender, before) : before;
  const sustained: Sustained[] = [];
  for (const window of windows) sustained.push(await sustain(bench, contender, window));
  return { peer, runs, highest, sustained };
}
