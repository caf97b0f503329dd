import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isatty } from 'node:tty';
import type { Command } from 'commander';
import { GatewayError } from '../errors.ts';
import { InOrder } from './lab/in-order.ts';
import { Lab } from './lab/lab.ts';
import type { LabEvent } from './lab/lab-event.ts';
import { narrate } from './lab/narrate.ts';
import { AS_NAMESPACE_ROOT, namespacePrivilege } from './lab/privileges.ts';
import { snakeCased } from './output/json.ts';
import { standardOutput } from './output/output.ts';

/** This command sets it for itself when it runs in a user namespace. */
const INSIDE = 'VPS_GATEWAY_LAB_INSIDE';
/** How long the guests may take until each has its first lease: milliseconds. */
const FIRST_LEASES_TIME = 30_000;

interface LabOptions {
  readonly once?: boolean;
  readonly json?: boolean;
  readonly leaseTime: string;
}

export function addLabCommand(program: Command): void {
  program
    .command('lab')
    .description('a segment in network namespaces, with a gateway and three guests: see leases happen')
    .option('--once', 'end when every guest has its lease, with status 0, or 1 if one has none after 30 s')
    .option('--json', 'one event a line, as JSON')
    .option(
      '--lease-time <duration>',
      'lease time of the guests, who renew after half of it; udhcpc takes none below 2m',
      '3m',
    )
    .action(runLab);
}

async function runLab(options: LabOptions): Promise<void> {
  const inside = process.env[INSIDE] !== undefined;
  const privilege = inside ? 'directly' : namespacePrivilege();
  if (typeof privilege === 'object') throw new GatewayError('lab-unavailable', privilege.missing);
  process.exitCode =
    privilege === 'user-namespace' ? await runInUserNamespace() : await runHere(options, inside);
}

/** Runs the same command once more as root of a user namespace, and returns its exit status. */
async function runInUserNamespace(): Promise<number> {
  const [unshare = '', ...flags] = AS_NAMESPACE_ROOT;
  const child = spawn(unshare, [...flags, process.execPath, ...process.argv.slice(1)], {
    stdio: 'inherit',
    env: { ...process.env, [INSIDE]: '1' },
  });
  // The terminal sends Ctrl-C to the child too.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  const [status] = await once(child, 'exit');
  return typeof status === 'number' ? status : 1;
}

async function runHere(options: LabOptions, inUserNamespace: boolean): Promise<number> {
  const output = standardOutput();
  const isTerminal = isatty(1);
  let readerGone: unknown;
  const events = new InOrder((event) => {
    if (readerGone !== undefined) return;
    try {
      if (options.json === true) output.write(`${JSON.stringify(snakeCased(event))}\n`);
      else output.write(narrate(event, output.hasColour, output.columns));
    } catch (error) {
      readerGone = error;
      lab.end();
    }
  });
  const tell = (event: LabEvent) => events.take(event);
  const folder = mkdtempSync(join(tmpdir(), 'vps-gateway-lab-'));
  const program = [realpathSync(process.argv[1] ?? '')];
  const lab = new Lab({ folder, program, leaseTime: options.leaseTime }, tell);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => lab.end());
  try {
    await lab.start();
    await lab.untilAllLeased(FIRST_LEASES_TIME);
    lab.tellRows();
    if (options.once !== true && isTerminal && !lab.isEnding) {
      tell({ kind: 'running', enter: lab.enterCommands(inUserNamespace) });
      await untilCtrlC(lab);
    }
  } finally {
    await lab.close();
    rmSync(folder, { recursive: true, force: true });
  }
  tell({ kind: 'end', leased: lab.leased, without: lab.without });
  if (readerGone !== undefined) throw readerGone;
  return lab.without.length === 0 ? 0 : 1;
}

/** Prints events until the lab ends. Enter prints the leases. */
async function untilCtrlC(lab: Lab): Promise<void> {
  const showRows = () => lab.tellRows();
  process.stdin.on('data', showRows);
  while (!lab.isEnding) await lab.look();
  process.stdin.off('data', showRows).pause();
}
