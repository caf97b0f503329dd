import { realpathSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { isatty } from 'node:tty';
import { installCommand, installedClients } from './installed-programs.ts';
import { Lab } from './lab.ts';
import { LabEquipment } from './lab-equipment.ts';
import { joiningOfKernel } from './nodes/node-network.ts';
import { OrderRunner } from './orders/order-runner.ts';
import { ordersOf } from './orders/orders.ts';
import { EventWriter } from './telling/event-writer.ts';
import type { TriedPromise } from './telling/lab-event.ts';
import { takeKeys } from './terminal-keys.ts';

/** How long the guests may take until each has its first lease: milliseconds. */
const FIRST_LEASES_TIME = 30_000;
const LOOK_EVERY = 100;
/** The exit status of a program that SIGHUP ends: its terminal is gone. */
export const HUNG_UP = 129;

export interface LabOptions {
  readonly once?: boolean;
  readonly script?: boolean;
  readonly json?: boolean;
  readonly etcd?: boolean;
  readonly nodes: number;
  readonly pagePort: number;
  readonly leaseTime: string;
}

export interface LabSurroundings {
  /** An empty folder for all files. */
  readonly folder: string;
  /** A link to the web page, for one browser; undefined: there is no page. */
  readonly newLink: (() => Promise<string>) | undefined;
  readonly inUserNamespace: boolean;
}

/** Whether it takes orders by keys: it goes on until it is ended. */
export function isInteractive({ once, script }: LabOptions): boolean {
  return once !== true && script !== true && isatty(1);
}

/** Runs the lab to its end, and returns the exit status. */
export async function runLab(options: LabOptions, surroundings: LabSurroundings): Promise<number> {
  const writer = new EventWriter(options.json === true);
  const lab = new Lab(await equipmentOf(options, surroundings, writer), (event) => writer.tell(event));
  writer.onReaderGone = () => lab.end();
  let isHungUp = false;
  process.on('SIGHUP', () => (isHungUp = true));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => lab.end());
  let promises: readonly TriedPromise[] = [];
  let without: readonly string[] = [];
  let isCutShort = false;
  try {
    await lab.start();
    await lab.untilAllLeased(FIRST_LEASES_TIME);
    promises = await afterLeases(lab, options, surroundings);
    without = lab.without;
    isCutShort = options.script === true && lab.isEnding;
  } finally {
    await lab.close();
  }
  if (options.script === true) lab.tell({ kind: 'promises', promises });
  lab.tell({ kind: 'end', leased: lab.guests.length - without.length, without });
  if (isHungUp) return HUNG_UP;
  writer.end();
  const isBroken = promises.some(({ kept }) => kept === false);
  return isBroken || isCutShort || without.length > 0 ? 1 : 0;
}

function equipmentOf(
  { leaseTime, nodes, etcd }: LabOptions,
  { folder }: LabSurroundings,
  writer: EventWriter,
): Promise<LabEquipment> {
  const clients = installedClients();
  const { missing } = clients;
  if (missing.length > 0)
    writer.tell({ kind: 'missing', clients: missing, install: installCommand(missing) });
  const program = [realpathSync(process.argv[1] ?? '')];
  const joining = joiningOfKernel();
  return LabEquipment.open({ folder, program, leaseTime, nodes, etcd: etcd === true, joining, clients });
}

/** Carries out orders: those of the script, or by keys until the lab ends. Returns the promises of the script. */
async function afterLeases(
  lab: Lab,
  options: LabOptions,
  { newLink, inUserNamespace }: LabSurroundings,
): Promise<readonly TriedPromise[]> {
  lab.tellRows();
  if (lab.isEnding || (options.script !== true && !isInteractive(options))) return [];
  await lab.crowd.open(lab.network.nodes);
  const runner = new OrderRunner(lab, ordersOf(lab));
  if (options.script === true) {
    await Promise.race([runner.all(), untilEnding(lab)]);
    return runner.tried;
  }
  lab.tell({ kind: 'running', enter: lab.enterCommands(inUserNamespace) });
  const tellLink = async () => lab.tell({ kind: 'page', link: await newLink?.() });
  runner.tellHelp();
  await tellLink();
  await takeKeys(lab, runner, tellLink);
  return [];
}

async function untilEnding(lab: Lab): Promise<void> {
  while (!lab.isEnding) await delay(LOOK_EVERY);
}
