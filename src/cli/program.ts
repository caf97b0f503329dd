import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { EXIT_STATUS, GatewayError } from '../errors.ts';
import { addClockCommand } from './clock.ts';
import { addClusterCommand } from './cluster.ts';
import { addCheckCommand } from './config-check.ts';
import { addHealthCommand } from './health.ts';
import { addLabCommand } from './lab.ts';
import { addLeasesCommand } from './leases.ts';
import { addSettingOptions, settingsOrThrow } from './setting-options.ts';
import { complain, ReaderGone, writeWhole } from './write-whole.ts';

/** sysexits.h EX_SOFTWARE: our own mistake. */
const EX_SOFTWARE = 70;
/** As of a program that SIGPIPE ends. */
const READER_GONE = 141;

/** Runs one command line (without `node` and the script) to its end, and returns the exit status. */
export async function run(args: readonly string[]): Promise<number> {
  process.exitCode = 0;
  try {
    const program = createProgram();
    if (args.length === 0) program.outputHelp();
    else await program.parseAsync(args, { from: 'user' });
    return Number(process.exitCode);
  } catch (error) {
    return statusOf(error);
  }
}

function createProgram(): Command {
  const program = new Command('vps-gateway')
    .description('A DHCPv4 server for virtual-machine hosts: one gateway per node, one pool, durable leases.')
    .version(versionOfPackage())
    .exitOverride()
    .configureOutput({ writeOut: (text) => writeWhole(1, text), writeErr: complain })
    .showHelpAfterError('(vps-gateway --help shows what there is)');
  addServeCommand(program);
  addCheckCommand(program);
  addLeasesCommand(program);
  addClusterCommand(program);
  addHealthCommand(program);
  addClockCommand(program);
  addLabCommand(program);
  return program;
}

function addServeCommand(program: Command): void {
  const command = program.command('serve').description('lease addresses until SIGTERM or SIGINT');
  addSettingOptions(command).action(async () => {
    const loaded = settingsOrThrow(command);
    const { serve } = await import('./serve.ts');
    process.exitCode = await serve(loaded);
  });
}

function statusOf(error: unknown): number {
  // commander has written its own message; help and version are no errors.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_STATUS['bad-settings'];
  if (error instanceof ReaderGone) return READER_GONE;
  if (error instanceof GatewayError) {
    complain(`vps-gateway: ${error.message}\n`);
    return error.exitStatus;
  }
  complain(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return EX_SOFTWARE;
}

function versionOfPackage(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const { version } = JSON.parse(text) as { version: string };
  return version;
}
