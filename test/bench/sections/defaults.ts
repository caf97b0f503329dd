import { join } from 'node:path';
import { setTimeout as pass } from 'node:timers/promises';
import type { Bench } from '../bench.ts';
import { generate } from '../clients/generate.ts';
import type { WorkloadResult } from '../clients/workload.ts';
import { giveWay } from '../machine/give-way.ts';
import { type AddressPlan, SMALL_POOL, WIDE_PLAN } from '../machine/segment.ts';
import { dnsmasq } from '../peers/dnsmasq.ts';
import { startOfGateway } from '../peers/gateway.ts';
import { iscDhcpd } from '../peers/isc-dhcpd.ts';
import { kea } from '../peers/kea.ts';
import { findProgram, type Peer, startPeer } from '../peers/peer.ts';
import { type Findings, goal, number, type Table, unmeasured } from '../report/report.ts';
import { type CostedRun, costOf } from './cost.ts';

/** New clients a second; 0: one after the other, so many of them. */
const RATES = [0, 100, 1000, 4000] as const;
const QUICK_RATES = [0, 1000] as const;
const ALONE = 10;
/** dnsmasq asks for three seconds before it offers: milliseconds. */
const PATIENCE = 5000;
/** How long this server takes to have asked for all addresses that it follows, and for those of the small pool: milliseconds. */
const LAP = 67_000;
const QUICK_LAP = 42_000;
/** 2,560 addresses, for 2,010 clients. */
const QUICK_POOL = { first: '10.65.0.0', last: '10.65.9.255' } as const;
const QUICK_SECONDS = 2;

interface Contender {
  readonly peer: Peer;
  readonly detection: string;
  /** Milliseconds from its start to the first client. */
  readonly settles: number;
}

interface DefaultsRun {
  readonly contender: Contender;
  readonly rate: number;
  readonly result: WorkloadResult;
  readonly run: CostedRun;
}

function contenders(quick: boolean): readonly Contender[] {
  const pool = quick ? QUICK_POOL : SMALL_POOL;
  const plan = { ...WIDE_PLAN, pool };
  const ours = { peer: ourselves(pool), detection: 'ARP, ahead of need', settles: quick ? QUICK_LAP : LAP };
  const ofKea = { peer: kea('INFO', 'raw', plan), detection: 'none (version 2.2 has none)', settles: 1000 };
  if (quick) return [ours, ofKea];
  return [
    ours,
    ofKea,
    { peer: dnsmasq(plan, true), detection: 'ping', settles: 1000 },
    { peer: iscDhcpd(true), detection: 'ping', settles: 1000 },
  ];
}

/** Without a single setting that it does not need: ARP, all guards, each decision in the log, API and metrics. */
function ourselves(pool: AddressPlan['pool']): Peer {
  return {
    ...{ name: 'vps-gateway', configuration: 'as it comes', log: 'info, to a file', synced: true },
    ...{ program: process.execPath, debianPackage: undefined, poolSize: 65_536 },
    prepare: (folder) => startOfGateway(folder, { log: 'info', pool, arpProbe: '300ms' }),
  };
}

/** What new guests on the segment get from each server as its users run it, with its conflict detection on. */
export async function benchDefaults(bench: Bench): Promise<Findings> {
  const runs: DefaultsRun[] = [];
  for (const contender of contenders(bench.options.quick)) {
    const { name, program, debianPackage } = contender.peer;
    if (findProgram(program) === undefined) {
      bench.say(`${name} is not installed, so it is left out: apt-get install ${debianPackage}`);
      continue;
    }
    runs.push(...(await measure(bench, contender)));
  }
  return { tables: [tableOf(runs)], goals: goalsOf(runs), raw: runs };
}

async function measure(bench: Bench, contender: Contender): Promise<readonly DefaultsRun[]> {
  const { segment, folder, options } = bench;
  const { peer, settles } = contender;
  bench.say(`${peer.name} as it comes`);
  const server = await startPeer(peer, segment, join(folder, 'server'));
  const runs: DefaultsRun[] = [];
  try {
    await pass(settles);
    giveWay(server.pid);
    for (const rate of options.quick ? QUICK_RATES : RATES) {
      const work = { kind: 'exchange', from: 'direct', settle: 0, patience: PATIENCE, window: 1 } as const;
      const asked =
        rate === 0
          ? { seconds: ALONE * 4, limit: ALONE }
          : { rate, seconds: options.quick ? QUICK_SECONDS : 8 };
      let result: WorkloadResult | undefined;
      const run = await costOf(server, async () => (result = await generate(segment, { ...work, ...asked })));
      if (result === undefined) throw new Error('the generator said nothing');
      runs.push({ contender, rate, result, run });
    }
  } finally {
    await server.end();
  }
  return runs;
}

function tableOf(runs: readonly DefaultsRun[]): Table {
  return {
    title: 'New guests on the segment, each server as it comes',
    notes: [
      `New clients each time, one after the other (1 at a time) or so many a second; a reply that takes more than ${PATIENCE / 1000} s is lost.`,
      'Offer: DISCOVER to OFFER, ACK: REQUEST to ACK, in milliseconds. No address is in use by another machine.',
      'A client of our generator asks for its offer at once, so our ACK leaves 10 ms after the question that was sent beside the offer.',
      'µs: of all the threads of the server for one exchange, until it has nothing left to do.',
    ],
    heads: [
      ...['server', 'conflict detection', 'synced', 'asked/s', 'done/s', 'of begun'],
      ...['offer p50', 'offer p99', 'ACK p50', 'ACK p99', 'µs/exchange', 'others'],
    ],
    rows: runs.map(({ contender: { peer, detection }, rate, result, run }) => [
      ...[peer.name, detection, peer.synced ? 'yes' : 'no'],
      ...[rate === 0 ? '1 at a time' : number(rate), number(result.rate)],
      `${number(result.completed)} of ${number(result.begun)}`,
      ...[result.offer.p50, result.offer.p99, result.p50, result.p99].map(milliseconds),
      ...[number(run.cost, 1), number(run.others, 2)],
    ]),
  };
}

/** Of none there is no median: JSON has no NaN. */
function milliseconds(time: number | null): string {
  return time === null ? '-' : number(time, 2);
}

function goalsOf(runs: readonly DefaultsRun[]) {
  const what = 'as it comes, 1,000 new guests a second: DISCOVER to OFFER, median, and loss';
  const limit = '< 1 ms, none lost';
  const own = runs.find(({ contender, rate }) => contender.peer.name === 'vps-gateway' && rate === 1000);
  if (own === undefined) return [unmeasured(what, limit, 'it was left out')];
  const { offer, lost } = own.result;
  return [goal(what, limit, `${number(offer.p50, 2)} ms, ${number(lost)} lost`, offer.p50 < 1 && lost === 0)];
}
