import { type CommandNode, type FlagValue, nodesOf, pathsOf } from './command-tree.ts';

/** The script for fish. */
export function fishCompletion(root: CommandNode): string {
  return `# Completion of vps-gateway for fish, made by \`vps-gateway completion fish\`.
function __vps_gateway_at
    set -l way
    for each in (commandline -opc)[2..-1]
        set -l next (string join -- ' ' $way $each)
        if contains -- "$next" ${pathsOf(root).map(quoted).join(' ')}
            set way "$next"
        end
    end
    test "$way" = "$argv[1]"
end
complete -c vps-gateway -f
${nodesOf(root).flatMap(linesOf).join('\n')}
`;
}

function linesOf({ path, commands, words, flags }: CommandNode): readonly string[] {
  const start = `complete -c vps-gateway -n "__vps_gateway_at '${path}'"`;
  return [
    ...commands.map(({ name, description }) => `${start} -a ${name} -d ${quoted(description)}`),
    ...words.map((word) => `${start} -a ${word}`),
    ...flags.map(
      ({ long, value, description }) =>
        `${start} -l ${long.slice(2)}${valueText(value)} -d ${quoted(description)}`,
    ),
  ];
}

function valueText(value: FlagValue): string {
  if (value === 'none') return '';
  if (value === 'directory') return " -x -a '(__fish_complete_directories)'";
  if (value === 'file') return ' -r -F';
  return value === 'text' ? ' -x' : ` -x -a '${value.join(' ')}'`;
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
