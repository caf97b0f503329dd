import type { Command } from 'commander';
import { nearestTo } from '../config/nearest.ts';
import { refuseSilentDisk } from '../store/sqlite/silent-disk.ts';
import { type LeaseFolderOptions, leaseFolder } from './chosen-segment.ts';
import { addClockCommand } from './clock.ts';
import { addClusterCommand } from './cluster.ts';
import { emptyProgram, nameHelp, runCommandLine } from './command-line.ts';
import { addCompletionCommand } from './completion.ts';
import { addCheckCommand } from './config-check.ts';
import { addDoctorCommand } from './doctor/doctor.ts';
import { addEventsCommand } from './events/events.ts';
import { addHealthCommand } from './health.ts';
import { addImportCommand } from './importing/import.ts';
import { addLabCommand } from './lab.ts';
import { addLeasesCommand } from './leases.ts';
import { leasesDirectory } from './leases-directory.ts';
import { addAddressesCommand } from './orders/addresses.ts';
import { addReasonsCommand } from './reasons.ts';
import { addReloadCommand } from './reload.ts';
import { addReservationsCommand } from './reservations/reservations.ts';
import { addSettingsCommand } from './running-settings.ts';
import { addServeCommand } from './serve-command.ts';
import { addWhyCommand } from './why/why.ts';

/**
 * Runs one command line (without `node` and the script) to its end. Resolves with the exit status.
 *
 * @throws an error of the code EMFILE or ENFILE if no more files can be opened.
 */
export function run(args: readonly string[]): Promise<number> {
  return runCommandLine(args, createProgram);
}

/** @param writeOut Prints help and version. */
export function createProgram(writeOut?: (text: string) => void): Command {
  const program = emptyProgram(writeOut);
  addServeCommand(program);
  addCheckCommand(program);
  for (const reading of [addLeasesCommand(program), addReservationsCommand(program)])
    reading.hook('preAction', async (_, command) => {
      const chosen: LeaseFolderOptions = command.opts();
      const directory = leasesDirectory(chosen.leasesDir, process.env);
      await refuseSilentDisk(directory);
      const folder = leaseFolder(chosen, process.env);
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

/** Words of other programs, and the commands that answer what they ask. */
const MEANT: ReadonlyMap<string, string> = new Map([['status', 'health']]);

/** Refuses an unknown command. If another command has it as a subcommand, names that: `leases history`. */
function refuseWord(program: Command, word: string): never {
  const isNamed = (command: Command) => command.name() === word;
  const parent = program.commands.find(({ commands }) => commands.some(isNamed));
  const near = nearestTo(
    word,
    program.commands.map((command) => command.name()),
  );
  const meant = MEANT.get(word) ?? (parent === undefined ? near : `${parent.name()} ${word}`);
  const hint = meant === undefined ? '' : `\n(Did you mean ${program.name()} ${meant}?)`;
  program.error(`error: unknown command '${word}'${hint}`);
}
