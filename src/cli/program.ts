import { constants } from 'node:os';
import { Command, CommanderError } from 'commander';
import { nearestTo } from '../config/nearest.ts';
import { EXIT_STATUS, GatewayError } from '../errors.ts';
import { refuseSilentDisk } from '../store/sqlite/silent-disk.ts';
import { leaseFolder, type PlaceOptions } from './chosen-segment.ts';
import { addClockCommand } from './clock.ts';
import { addClusterCommand } from './cluster.ts';
import { addCompletionCommand } from './completion.ts';
import { addCheckCommand } from './config-check.ts';
import { addDoctorCommand } from './doctor/doctor.ts';
import { addEventsCommand } from './events/events.ts';
import { addHealthCommand } from './health.ts';
import { addImportCommand } from './importing/import.ts';
import { addLabCommand } from './lab.ts';
import { addLeasesCommand } from './leases.ts';
import { leasesDirectory } from './leases-directory.ts';
import { rereading } from './load-with-file.ts';
import { addAddressesCommand } from './orders/addresses.ts';
import { complain, ReaderGone, writeWhole } from './output/write-whole.ts';
import { addReasonsCommand } from './reasons.ts';
import { addReloadCommand } from './reload.ts';
import { addReservationsCommand } from './reservations/reservations.ts';
import { addSettingsCommand } from './running-settings.ts';
import { addSettingOptions, flagsOf, settingsOrThrow } from './setting-options.ts';
import { versionOfPackage } from './version-of-package.ts';
import { addWhyCommand } from './why/why.ts';

/** sysexits.h EX_SOFTWARE: a mistake of this program. */
const EX_SOFTWARE = 70;
/** The exit status of a program that SIGPIPE ends. */
const READER_GONE = 141;

/** Errors of a process or a machine with too many open files. bin/vps-gateway.js prints a message for them. */
const NO_DESCRIPTORS = ['EMFILE', 'ENFILE'] as const;

interface SystemFault {
  readonly errno: number;
}

const SERVE = 'lease addresses until SIGTERM or SIGINT';
/** Lines of at most 80 columns, since commander does not wrap indented text. */
const WHAT_MATTERS = `
Three things matter first. On a node that has an address of 10.15.3.10 to .19
none has to be said; on another network all three:
  --listen-ip                this node's own address there
  --gateway                  the router of the guests
  --pool-start, --pool-end   the addresses that guests may have

Example:
  vps-gateway serve --listen-ip 192.168.7.2 --gateway 192.168.7.1 \\
    --pool-start 192.168.7.100 --pool-end 192.168.7.199

Each flag has a variable, for a unit or a container. \`vps-gateway check\`
shows what comes of them, without serving.`;

/**
 * Runs one command line (without `node` and the script) to its end. Resolves with the exit status.
 *
 * @throws an error of the code EMFILE or ENFILE if no more files can be opened.
 */
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

/** @param writeOut Prints help and version. */
export function createProgram(writeOut = (text: string) => writeWhole(1, text)): Command {
  const program = new Command('vps-gateway')
    .description('A DHCPv4 server for virtual-machine hosts: one gateway per node, one pool, durable leases.')
    .version(versionOfPackage())
    .exitOverride()
    .configureOutput({ writeOut, writeErr: complain });
  addServeCommand(program);
  addCheckCommand(program);
  for (const reading of [addLeasesCommand(program), addReservationsCommand(program)])
    reading.hook('preAction', async (_, command) => {
      const place: PlaceOptions = command.opts();
      const directory = leasesDirectory(place.leasesDir, process.env);
      await refuseSilentDisk(directory);
      const folder = leaseFolder(place, process.env);
      if (folder !== directory) await refuseSilentDisk(folder);
    });
  addImportCommand(program);
  addAddressesCommand(program);
  addClusterCommand(program);
  addDoctorCommand(program);
  addHealthCommand(program);
  addWhyCommand(program);
  addClockCommand(program);
  addSettingsCommand(program);
  addReloadCommand(program);
  addEventsCommand(program);
  addReasonsCommand(program);
  addLabCommand(program);
  addCompletionCommand(program);
  nameHelp(program, program.name());
  program.on('command:*', ([word = '']) => refuseWord(program, word));
  return program;
}

/** Refuses an unknown command. If another command has it as a subcommand, names that: `leases history`. */
function refuseWord(program: Command, word: string): never {
  const isNamed = (command: Command) => command.name() === word;
  const parent = program.commands.find(({ commands }) => commands.some(isNamed));
  const near = nearestTo(
    word,
    program.commands.map((command) => command.name()),
  );
  const meant = parent === undefined ? near : `${parent.name()} ${word}`;
  const hint = meant === undefined ? '' : `\n(Did you mean ${program.name()} ${meant}?)`;
  program.error(`error: unknown command '${word}'${hint}`);
}

/** Makes an error in a command line name the help of its command. */
function nameHelp(command: Command, words: string): void {
  command.showHelpAfterError(`(${words} --help shows what there is)`);
  for (const part of command.commands) nameHelp(part, `${words} ${part.name()}`);
}

function addServeCommand(program: Command): void {
  const command = program.command('serve').summary(SERVE).description(`${SERVE}\n${WHAT_MATTERS}`);
  addSettingOptions(command).action(async () => {
    const loaded = settingsOrThrow(command);
    const { serve } = await import('./serve.ts');
    process.exitCode = await serve(loaded, rereading(flagsOf(command), process.env));
  });
}

/** The error with the code EMFILE or ENFILE, if it is one. */
function lackOfDescriptors(error: unknown): Error | undefined {
  if (!(error instanceof Error && 'code' in error)) return undefined;
  if (NO_DESCRIPTORS.some((code) => code === error.code)) return error;
  // Node.js has no name for what libuv could not do: `os.networkInterfaces()`.
  const number =
    error.code === 'ERR_SYSTEM_ERROR' && 'info' in error ? (error.info as SystemFault).errno : undefined;
  const code = NO_DESCRIPTORS.find((name) => constants.errno[name] === number);
  return code === undefined ? undefined : Object.assign(new Error(error.message), { code });
}

function statusOf(error: unknown): number {
  // commander has printed its own message. Help and version are not errors.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_STATUS['bad-settings'];
  if (error instanceof ReaderGone) return READER_GONE;
  if (error instanceof GatewayError) {
    complain(`vps-gateway: ${error.message}\n`);
    return error.exitStatus;
  }
  const lack = lackOfDescriptors(error);
  if (lack !== undefined) throw lack;
  complain(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return EX_SOFTWARE;
}
