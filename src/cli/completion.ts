import { type Command, InvalidArgumentError } from 'commander';
import { bashCompletion } from './completion/bash.ts';
import { type CommandNode, commandTree, SHELLS, type Shell } from './completion/command-tree.ts';
import { fishCompletion } from './completion/fish.ts';
import { zshCompletion } from './completion/zsh.ts';
import { type Output, standardOutput } from './output/output.ts';

const SCRIPTS: Readonly<Record<Shell, (root: CommandNode) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

/** Adds `completion`, which prints what a shell reads to complete these commands. */
export function addCompletionCommand(program: Command, output: Output = standardOutput()): void {
  program
    .command('completion')
    .description('print what a shell reads to complete these commands')
    .argument('<shell>', SHELLS.join(', '), shellOf)
    .action((shell: Shell) => output.write(SCRIPTS[shell](commandTree(program))));
}

/** @throws InvalidArgumentError for a shell that is not known. */
function shellOf(text: string): Shell {
  const shell = SHELLS.find((each) => each === text);
  if (shell === undefined) throw new InvalidArgumentError(`Use one of ${SHELLS.join(', ')}.`);
  return shell;
}
