import { constants } from 'node:os';
import { Command, CommanderError, type HelpContext } from 'commander';
import { EXIT_STATUS, GatewayError } from '../errors.ts';
import { readable } from '../wire/readable-text.ts';
import { complain, ReaderGone, writeWhole } from './output/write-whole.ts';
import { versionOfPackage } from './version-of-package.ts';

/** sysexits.h EX_SOFTWARE: a mistake of this program. */
const EX_SOFTWARE = 70;
/** The exit status of a program that SIGPIPE ends. */
const READER_GONE = 141;

/** Errors of a process or a machine with too many open files. bin/vps-gateway.js prints a message for them. */
const NO_DESCRIPTORS = ['EMFILE', 'ENFILE'] as const;

interface SystemFault {
  readonly errno: number;
}

/**
 * Runs one command line (without `node` and the script) to its end. Resolves with the exit status.
 *
 * @param create Makes the program with the commands that the line may name.
 * @throws an error of the code EMFILE or ENFILE if no more files can be opened.
 */
export async function runCommandLine(args: readonly string[], create: () => Command): Promise<number> {
  process.exitCode = 0;
  try {
    const program = create();
    await program.parseAsync(args, { from: 'user' });
    return Number(process.exitCode);
  } catch (error) {
    return statusOf(error);
  }
}

/** A command, all of whose commands are of this class too. */
class CommandOfProgram extends Command {
  override createCommand(name: string): CommandOfProgram {
    return new CommandOfProgram(name);
  }

  /** Called by commander where a command of this group is missing. A group without any further word is no error. */
  override help(context?: HelpContext | ((text: string) => string)): never {
    if (typeof context === 'function') return super.help(context);
    return super.help(this.args.length === 0 ? { error: false } : context);
  }
}

/**
 * The program without its commands.
 *
 * @param writeOut Prints help and version.
 */
export function emptyProgram(writeOut = (text: string) => writeWhole(1, text)): Command {
  return new CommandOfProgram('vps-gateway')
    .description('A DHCPv4 server for virtual-machine hosts: one gateway per node, one pool, durable leases.')
    .version(versionOfPackage())
    .exitOverride()
    .configureOutput({ writeOut, writeErr: complain });
}

/** Makes an error in a command line name the help of its command. */
export function nameHelp(command: Command, words: string): void {
  command.showHelpAfterError(`(${words} --help shows what there is)`);
  for (const part of command.commands) nameHelp(part, `${words} ${part.name()}`);
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
    complain(`vps-gateway: ${error.message.split('\n').map(readable).join('\n')}\n`);
    return error.exitStatus;
  }
  const lack = lackOfDescriptors(error);
  if (lack !== undefined) throw lack;
  complain(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return EX_SOFTWARE;
}
