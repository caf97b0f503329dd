import { realpathSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { isatty } from 'node:tty';
import { snakeCased } from '../output/json.ts';
import { standardOutput } from '../output/output.ts';
import { installCommand, installedClients } from './installed-programs.ts';
import { Lab } from './lab.ts';
import { LabEquipment } from './lab-equipment.ts';
import { joiningOfKernel } from './nodes/node-network.ts';
import { OrderDesk } from './orders/order-desk.ts';
import { ordersOf } from './orders/orders.ts';
import { InOrder } from './telling/in-order.ts';
import type { LabEvent, TriedPromise } from './telling/lab-event.ts';
import { narrate } from './telling/narrate.ts';
import { takeKeys } from './terminal-keys.ts';

/** How long the guests may take until each has its first lease: milliseconds. */
const FIRST_LEASES_TIME = 30_000;
const LOOK_EVERY = 100;

export interface LabOptions {
  readonly once?: boolean;
  readonly script?: boolean;
  readonly json?: boolean;
  readonly etcd?: boolean;
  readonly nodes: number;
  readonly pagePort: number;
  readonly leaseTime: string;
}

export interface LabPlace {
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
export async function runLab(options: LabOptions, place: LabPlace): Promise<number> {
  const telling = new Telling(options.json === true);
  const clients = installedClients();
  const { missing } = clients;
  if (missing.length > 0)
    telling.tell({ kind: 'missing', clients: missing, install: installCommand(missing) });
  const equipment = await LabEquipment.open({
    folder: place.folder,
    program: [realpathSync(process.argv[1] ?? '')],
    leaseTime: options.leaseTime,
    nodes: options.nodes,
    etcd: options.etcd === true,
    joining: joiningOfKernel(),
    clients,
  });
  const lab = new Lab(equipment, (event) => telling.tell(event));
  telling.onReaderGone = () => lab.end();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => lab.end());
  let promises: readonly TriedPromise[] = [];
  let without: readonly string[] = [];
  let isCutShort = false;
  try {
    await lab.start();
    await lab.untilAllLeased(FIRST_LEASES_TIME);
    promises = await afterLeases(lab, options, place);
    without = lab.without;
    isCutShort = options.script === true && lab.isEnding;
  } finally {
    await lab.close();
  }
  if (options.script === true) lab.tell({ kind: 'promises', promises });
  lab.tell({ kind: 'end', leased: lab.guests.length - without.length, without });
  telling.end();
  const isBroken = promises.some(({ kept }) => kept === false);
  return isBroken || isCutShort || without.length > 0 ? 1 : 0;
}

/** What was promised and tried. */
async function afterLeases(
  lab: Lab,
  options: LabOptions,
  { newLink, inUserNamespace }: LabPlace,
): Promise<readonly TriedPromise[]> {
  lab.tellRows();
  if (lab.isEnding || (options.script !== true && !isInteractive(options))) return [];
  await lab.crowd.open(lab.network.nodes);
  const desk = new OrderDesk(lab, ordersOf(lab));
  if (options.script === true) {
    await Promise.race([desk.all(), untilEnding(lab)]);
    return desk.tried;
  }
  lab.tell({ kind: 'running', enter: lab.enterCommands(inUserNamespace) });
  const tellLink = async () => lab.tell({ kind: 'page', link: await newLink?.() });
  desk.tellHelp();
  await tellLink();
  await takeKeys(lab, desk, tellLink);
  return [];
}

async function untilEnding(lab: Lab): Promise<void> {
  while (!lab.isEnding) await delay(LOOK_EVERY);
}

/** Writes what happens, for people or for programs. */
class Telling {
  onReaderGone: () => void = () => {};
  readonly #output = standardOutput();
  readonly #inOrder = new InOrder((event) => this.#write(event));
  readonly #isJson: boolean;
  #readerGone: unknown;

  constructor(isJson: boolean) {
    this.#isJson = isJson;
  }

  tell(event: LabEvent): void {
    this.#inOrder.take(event);
  }

  /** @throws what writing threw: whoever read is gone. */
  end(): void {
    if (this.#readerGone !== undefined) throw this.#readerGone;
  }

  #write(event: LabEvent): void {
    if (this.#readerGone !== undefined) return;
    const { hasColour, columns } = this.#output;
    try {
      this.#output.write(
        this.#isJson ? `${JSON.stringify(snakeCased(event))}\n` : narrate(event, hasColour, columns),
      );
    } catch (error) {
      this.#readerGone = error;
      this.onReaderGone();
    }
  }
}
