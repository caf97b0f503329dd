import type { Command, Option } from 'commander';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** One command, with its subcommands, words and flags. */
export interface CommandNode {
  /** The words that lead to it, without `vps-gateway`: `leases history`; empty for the program itself. */
  readonly path: string;
  readonly name: string;
  /** One line. */
  readonly description: string;
  readonly commands: readonly CommandNode[];
  /** The possible values of its argument. */
  readonly words: readonly string[];
  readonly flags: readonly Flag[];
}

/** A flag that the help of its command shows. */
export interface Flag {
  /** With its dashes. */
  readonly long: string;
  readonly description: string;
  readonly value: FlagValue;
}

/** The value of a flag: none, a path, one of some words, or any other text. */
export type FlagValue = 'none' | 'directory' | 'file' | 'text' | readonly string[];

const HELP: Flag = { long: '--help', description: 'show what there is', value: 'none' };

/** The tree of commands, from commander's. A command that has commands takes the flags that all of them take. */
export function commandTree(command: Command, path = ''): CommandNode {
  const commands = command.commands.map((each) => commandTree(each, `${path} ${each.name()}`.trim()));
  const own = command.options.filter(({ hidden }) => !hidden).flatMap(flagOf);
  return {
    path,
    name: command.name(),
    description: firstLine(command.summary() || command.description()),
    commands,
    words: path === 'completion' ? SHELLS : [],
    flags: [...own, ...(path === '' ? [HELP] : commands.length > 0 ? commonFlags(commands) : [HELP])],
  };
}

/** The node itself and all below it. */
export function nodesOf(node: CommandNode): readonly CommandNode[] {
  return [node, ...node.commands.flatMap(nodesOf)];
}

/** The words that lead to each command but the program itself. */
export function pathsOf(root: CommandNode): readonly string[] {
  return nodesOf(root).flatMap(({ path }) => (path === '' ? [] : [path]));
}

/** Each flag that takes a value, once. */
export function flagsWithValue(root: CommandNode): readonly Flag[] {
  const flags = nodesOf(root).flatMap((node) => node.flags.filter(({ value }) => value !== 'none'));
  return [...new Map(flags.map((flag) => [flag.long, flag])).values()];
}

function commonFlags([first, ...others]: readonly CommandNode[]): readonly Flag[] {
  return (first?.flags ?? []).filter(({ long }) =>
    others.every(({ flags }) => flags.some((flag) => flag.long === long)),
  );
}

function flagOf({ long, flags, description, argChoices }: Option): readonly Flag[] {
  return long ? [{ long, description: firstLine(description), value: argChoices ?? valueIn(flags) }] : [];
}

/** commander's flags name the value in angle brackets: `--log-format <json|pretty|auto>`. */
function valueIn(flags: string): FlagValue {
  const placeholder = /<(.+)>/.exec(flags)?.[1];
  if (placeholder === undefined) return 'none';
  if (placeholder === 'directory' || placeholder === 'file') return placeholder;
  return placeholder.includes('|') ? placeholder.split('|') : 'text';
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}
