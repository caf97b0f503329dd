import type { Command } from 'commander';
import { emptyProgram, nameHelp, runCommandLine } from './command-line.ts';
import { addServeCommand } from './serve-command.ts';

/** Runs a command line that begins with `serve`. The other commands are not loaded: they would take time and memory. */
export function run(args: readonly string[]): Promise<number> {
  return runCommandLine(args, serveProgram);
}

function serveProgram(): Command {
  const program = emptyProgram();
  addServeCommand(program);
  nameHelp(program, program.name());
  return program;
}
