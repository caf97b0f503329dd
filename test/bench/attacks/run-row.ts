import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pass } from 'node:timers/promises';
import { CLIENT_PROCESSOR } from '../clients/generate.ts';
import { Program } from '../machine/program.ts';
import type { AttackResult, AttackWork } from './attack.ts';
import { Contender, type ContenderName } from './contenders.ts';
import type { Holding } from './guest.ts';
import type { GuestsResult, GuestsWork, KnownGuests } from './guests-work.ts';
import { AttackedNetwork, PLAN } from './network.ts';
import type { Row } from './rows.ts';

/** Newcomers, and guests with a lease from before. */
export const NEWCOMERS = 20;
const KNOWN = 20;
/** The attacker is ahead of the newcomers by so much, where the row does not say it: seconds. */
const AHEAD = 1.5;
/** A row goes on at least and, beyond what is wanted, at most so long: milliseconds. */
const LEAST = 8000;
const MARGIN = 5000;
const LEASE_PATIENCE = 45_000;

export interface RowResult {
  readonly row: string;
  readonly server: ContenderName;
  readonly guests: GuestsResult;
  readonly attack: AttackResult;
  /** Processors that the server used under attack: 1 is one. */
  readonly processor: number;
  /** Bytes that were resident before, and at the end. */
  readonly before: number;
  readonly after: number;
  /** Bytes of log a second. */
  readonly log: number;
  /** undefined: there is none. */
  readonly isEtcdFull: boolean | undefined;
}

let runs = 0;

/** One attack on one server, in namespaces of its own. */
export async function runRow(row: Row, name: ContenderName, folder: string): Promise<RowResult> {
  runs += 1;
  const network = new AttackedNetwork(runs);
  const contender = new Contender(name, network, folder);
  const closeNetwork = () => network.close();
  process.once('exit', closeNetwork);
  try {
    network.open(row.place, NEWCOMERS + KNOWN);
    await contender.start();
    return await attack(row, contender, network);
  } finally {
    await contender.end();
    closeNetwork();
    process.removeListener('exit', closeNetwork);
  }
}

async function attack(row: Row, contender: Contender, network: AttackedNetwork): Promise<RowResult> {
  let guests = startGuests(row, network, KNOWN);
  let known = await knownOf(guests);
  let attacker = startAttacker(row, network, known);
  const before = contender.server.memory().resident;
  await pass((row.ahead ?? AHEAD) * 1000);
  let done: AttackResult | undefined;
  if (row.restarts === true) {
    await guests.end();
    done = await endAttacker(attacker);
    await contender.restart();
    if (row.attack.kind === 'claims' && row.attack.answersArp) attacker = startAttacker(row, network, known);
    guests = startGuests(row, network, known);
    known = await knownOf(guests);
  }
  const meter = new Meter(contender);
  guests.signal('SIGUSR2');
  await guests.ended();
  const figures = meter.read();
  done = attacker.status === undefined ? await endAttacker(attacker) : done;
  if (guests.status !== 0) throw new Error(`the guests ended with ${guests.status}: ${guests.output}`);
  return {
    row: row.name,
    server: contender.name,
    guests: JSON.parse(guests.output.trim().split('\n').at(-1) ?? '') as GuestsResult,
    attack: done ?? { sent: 0, seconds: 1, leased: 0 },
    before,
    ...figures,
    isEtcdFull: contender.name === 'with etcd' ? contender.isEtcdFull() : undefined,
  };
}

function startGuests(row: Row, network: AttackedNetwork, known: GuestsWork['known']): Program {
  const work: GuestsWork = {
    known,
    newcomers: NEWCOMERS,
    hardware: 0x5254_00bb_0000 + runs * 256,
    within: 500,
    least: (row.least ?? 0) * 1000 || LEAST,
    most: Math.max(row.within * 1000 + MARGIN, (row.least ?? 0) * 1000),
    server: { address: PLAN.server, hardware: network.serverHardware() },
  };
  return run(network.guests, 'guests-main.js', work);
}

/** Waits for the line that says which guests have a lease. */
async function knownOf(guests: Program): Promise<readonly Holding[]> {
  for (const end = Date.now() + LEASE_PATIENCE; Date.now() < end; await pass(20)) {
    if (guests.output.includes('\n')) return (JSON.parse(guests.output) as KnownGuests).known;
    if (guests.status !== undefined) break;
  }
  throw new Error(`no guest got a lease before the attack: ${guests.output}`);
}

function startAttacker(row: Row, network: AttackedNetwork, known: readonly Holding[]): Program {
  const server = { address: PLAN.server, hardware: network.serverHardware() };
  const work: AttackWork = { attack: row.attack, known, server };
  return run(network.attacker, 'attacker-main.js', work);
}

async function endAttacker(attacker: Program): Promise<AttackResult> {
  await attacker.end();
  if (attacker.status !== 0)
    throw new Error(`the attacker ended with ${attacker.status}: ${attacker.output}`);
  return JSON.parse(attacker.output) as AttackResult;
}

function run(namespace: string, script: string, work: object): Program {
  const command = [process.execPath, join(import.meta.dirname, script), JSON.stringify(work)];
  return new Program(command, { namespace, processor: CLIENT_PROCESSOR });
}

/** What a server uses from now on. */
class Meter {
  readonly #contender: Contender;
  readonly #began = performance.now();
  readonly #nanoseconds: number;
  readonly #log: number;

  constructor(contender: Contender) {
    this.#contender = contender;
    this.#nanoseconds = contender.server.nanoseconds();
    this.#log = logOf(contender);
  }

  read(): Pick<RowResult, 'processor' | 'after' | 'log'> {
    const { server } = this.#contender;
    const seconds = (performance.now() - this.#began) / 1000;
    return {
      processor: (server.nanoseconds() - this.#nanoseconds) / 1e9 / seconds,
      after: server.memory().resident,
      log: (logOf(this.#contender) - this.#log) / seconds,
    };
  }
}

/** Bytes of all its log files. */
function logOf({ files }: Contender): number {
  return readdirSync(files)
    .filter((name) => /\.log(\.\d+)?$/.test(name))
    .reduce((sum, name) => sum + statSync(join(files, name)).size, 0);
}
