import type { Command, Option } from 'commander';
import { createProgram } from '../../src/cli/program.ts';

/** docs/vps-gateway.8, in the macros of man(7), from the tree of commands. */
export function manPage(): string {
  const program = createProgram();
  const serve = program.commands.find((each) => each.name() === 'serve');
  const lines = [
    '.\\" Made from the commands in src/cli; a test compares them.',
    `.TH VPS\\-GATEWAY 8 "" "vps\\-gateway ${program.version()}" "System administration"`,
    '.SH NAME',
    'vps\\-gateway \\- DHCPv4 server for virtual\\-machine hosts',
    '.SH SYNOPSIS',
    ...program.commands.flatMap((each) => ['.PP', synopsisOf(each, each.name())]),
    '.SH DESCRIPTION',
    textOf(program.description()),
    ...paragraphs(serve?.description().replace(serve.summary(), '') ?? ''),
    '.SH COMMANDS',
    ...program.commands.flatMap((each) => commandLines(each, each.name())),
    '.SH SETTINGS',
    'Flags of',
    '.BR "vps\\-gateway serve" ,',
    'which',
    '.BR check " and " cluster',
    'take too. Each has the variable that stands behind it in brackets.',
    ...(serve === undefined ? [] : settingLines(serve)),
    '.SH EXIT STATUS',
    ...EXIT_STATUSES.flatMap(([status, meaning]) => ['.TP', `.B ${status}`, textOf(meaning)]),
    '.SH FILES',
    '.TP',
    '.I /var/lib/obiente/vps\\-gateway/leases.sqlite',
    'The leases and their history; the views',
    '.BR leases " and " lease_history',
    'are for people. The gateway is the only writer.',
    '.TP',
    '.I /var/lib/obiente/vps\\-gateway/leases.journal',
    'What the file does not have yet.',
    '.SH SEE ALSO',
    '.BR dhclient (8),',
    '.BR ip (8),',
    '.BR etcdctl (1);',
    'RFC 2131, RFC 2132; the pages under docs/ of the source.',
  ];
  return `${lines.join('\n')}\n`;
}

const EXIT_STATUSES = [
  ['0', 'Done.'],
  [
    '1',
    'Of health: a new guest would get no address. Of leases, reservations and settings: nothing matches. Of clock: it is in doubt. Of cluster status: there is a problem.',
  ],
  ['2', 'Of health: no gateway answers.'],
  ['3', 'Of health: the pool is full.'],
  ['65', 'What was asked cannot be, as things are: the gateway or the segment in etcd refuses it.'],
  [
    '69',
    'Something that is needed is not available: port, leases directory, capability, etcd, a running gateway.',
  ],
  ['70', 'A mistake of this program.'],
  ['74', 'The lease file or the output cannot be read or written.'],
  ['75', 'It is not known whether an order is done: look, then order it again.'],
  ['78', 'A setting or a word of the command line is wrong; a restart does not help.'],
] as const;

function synopsisOf(command: Command, words: string): string {
  const operands = command.commands.length > 0 ? ['[command]'] : command.registeredArguments.map(operandOf);
  return `.B vps\\-gateway ${textOf([words, '[options]', ...operands].join(' '))}`;
}

function operandOf(operand: Command['registeredArguments'][number]): string {
  return operand.required ? `<${operand.name()}>` : `[${operand.name()}]`;
}

function commandLines(command: Command, words: string): readonly string[] {
  const own = command.name() === 'serve' ? [] : command.options.filter(({ hidden }) => !hidden);
  const operands = command.registeredArguments.map(operandOf);
  const title = [words, ...operands].join(' ');
  return [
    `.SS "vps\\-gateway ${textOf(title)}"`,
    sentenceOf(command.summary() || command.description()),
    ...own.flatMap(optionLines),
    ...command.commands.flatMap((each) => commandLines(each, `${words} ${each.name()}`)),
  ];
}

function settingLines(serve: Command): readonly string[] {
  let group: string | undefined;
  return serve.options
    .filter(({ hidden }) => !hidden)
    .flatMap((option) => {
      const heading =
        option.helpGroupHeading === group
          ? []
          : [`.SS ${textOf(option.helpGroupHeading?.replace(/:$/, '') ?? '')}`];
      group = option.helpGroupHeading;
      return [...heading, ...optionLines(option)];
    });
}

function optionLines({ flags, description }: Option): readonly string[] {
  return ['.TP', `.B ${textOf(flags)}`, sentenceOf(description)];
}

/** Paragraphs of help: what is indented stays as it is. */
function paragraphs(text: string): readonly string[] {
  return text
    .trim()
    .split(/\n\n+/)
    .flatMap((part) => ['.PP', '.nf', ...part.split('\n').map(textOf), '.fi']);
}

function sentenceOf(text: string): string {
  const whole = textOf(text.charAt(0).toUpperCase() + text.slice(1));
  return /[.:)]$/.test(whole) ? whole : `${whole}.`;
}

/** For troff: hyphens that may be copied, no backslash of its own, and no line that begins as a request. */
function textOf(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^(['.])/gm, '\\&$1');
}
