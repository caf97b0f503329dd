import { join } from 'node:path';
import { CONTENDERS, type ContenderName, missing } from '../attacks/contenders.ts';
import { ROWS, type Row } from '../attacks/rows.ts';
import { NEWCOMERS, type RowResult, runRow } from '../attacks/run-row.ts';
import type { Bench } from '../bench.ts';
import {
  type Findings,
  type Goal,
  goal,
  megabytes,
  number,
  percent,
  type Table,
  unmeasured,
} from '../report/report.ts';
import { median } from '../report/statistics.ts';

/** A cell of the table: what came of it, or why there is nothing. */
interface Cell {
  readonly row: Row;
  readonly server: ContenderName;
  readonly result: RowResult | undefined;
  readonly failure?: string;
}

/** What one machine of the segment can do to its guests, with each server in turn: one table. */
export async function benchAttacks(bench: Bench): Promise<Findings> {
  const match = new RegExp(bench.options.match ?? '');
  const present = CONTENDERS.filter((name) => isHere(bench, name));
  const cells: Cell[] = [];
  for (const row of ROWS) {
    for (const server of CONTENDERS) {
      if (!match.test(`${row.name}: ${server}`)) continue;
      const plays = present.includes(server) && row.without?.includes(server) !== true;
      cells.push(plays ? await measure(bench, row, server) : { row, server, result: undefined });
    }
  }
  return { tables: [tableOf(cells)], goals: cells.flatMap(goalOf), raw: cells };
}

function isHere(bench: Bench, name: ContenderName): boolean {
  const wanted = missing(name);
  if (wanted !== undefined) bench.say(`${name} is missing: apt-get install ${wanted}`);
  return wanted === undefined;
}

async function measure(bench: Bench, row: Row, server: ContenderName): Promise<Cell> {
  bench.say(`${row.name}: ${server}`);
  try {
    const result = await runRow(row, server, join(bench.folder, 'attacked'));
    const cell: Cell = { row, server, result };
    bench.say(lineOf(cell).slice(2).join(' | '));
    return cell;
  } catch (error) {
    bench.say(`${row.name}: ${server} failed: ${error}`);
    return { row, server, result: undefined, failure: String(error) };
  }
}

function goalOf({ row, server, result, failure }: Cell): readonly Goal[] {
  if (server !== 'vps-gateway' && server !== 'with etcd') return [];
  const what = `${row.name}${server === 'with etcd' ? ', with etcd' : ''}`;
  const wanted = wantedOf(row);
  if (failure !== undefined) return [unmeasured(what, wanted, failure)];
  if (result === undefined) return [];
  const { guests, processor, before, after, isEtcdFull } = result;
  const { bootedIn, kept, known, renewalsSent, renewalsAnswered } = guests;
  const slowest = (bootedIn.at(-1) ?? Number.POSITIVE_INFINITY) / 1000;
  const isReached =
    bootedIn.length === NEWCOMERS &&
    slowest <= row.within &&
    kept === known &&
    renewalsAnswered >= renewalsSent * row.renewals &&
    isEtcdFull !== true &&
    (row.processor === undefined || processor <= row.processor) &&
    (row.memory === undefined || after - before <= row.memory * 2 ** 20);
  const measured = [
    `${bootedIn.length} in ${number(slowest, 1)} s, ${renewalsAnswered} of ${renewalsSent}, ${kept} kept`,
    ...(row.processor === undefined ? [] : [percent(processor)]),
    ...(row.memory === undefined ? [] : [`${megabytes(after - before)} MiB`]),
    ...(isEtcdFull === true ? ['etcd is full'] : []),
  ];
  return [goal(what, wanted, measured.join(', '), isReached)];
}

function wantedOf({ within, renewals, processor, memory }: Row): string {
  return [
    `${NEWCOMERS} within ${within} s, ${percent(renewals)} renewed`,
    ...(processor === undefined ? [] : [`< ${percent(processor)} of a processor`]),
    ...(memory === undefined ? [] : [`< ${memory} MiB more`]),
  ].join(', ');
}

function tableOf(cells: readonly Cell[]): Table {
  return {
    title: 'Attacks by one machine of the segment',
    notes: [
      `${NEWCOMERS} new guests boot under attack and send again as RFC 2131 §4.1 says; others have leases and renew each second.`,
      'Each server as it comes; the attacker and each guest at a port of its own of one bridge, a pool of 235 addresses.',
      'Ports seen: the server runs where the bridge is, on which each guest is at its own port; not seen: behind one port of it.',
      'CPU of the server alone (not of etcd); memory that was resident before the attack and at its end.',
    ],
    heads: [
      'attack',
      'server',
      'sent/s',
      'new guests',
      'median s',
      'slowest s',
      'refused',
      'renewals',
      'kept',
      'memory MiB',
      'CPU',
      'log MB/s',
    ],
    rows: cells.map(lineOf),
  };
}

function lineOf({ row, server, result }: Cell): readonly string[] {
  if (result === undefined) return [row.name, server, ...Array<string>(10).fill('-')];
  const { guests, attack, processor, before, after, log, isEtcdFull } = result;
  const { bootedIn, renewalsSent, renewalsAnswered } = guests;
  return [
    row.name,
    isEtcdFull === true ? `${server} (full)` : server,
    number(attack.sent / attack.seconds),
    `${bootedIn.length} of ${guests.newcomers}`,
    number(bootedIn.length === 0 ? Number.NaN : median([...bootedIn]) / 1000, 2),
    number((bootedIn.at(-1) ?? Number.NaN) / 1000, 2),
    number(guests.refused),
    `${renewalsAnswered} of ${renewalsSent}`,
    `${guests.kept} of ${guests.known}`,
    `${megabytes(before)} - ${megabytes(after)}`,
    percent(processor),
    number(log / 1e6, 2),
  ];
}
