import { type CommandNode, type Flag, flagsWithValue, nodesOf, pathsOf } from './command-tree.ts';

/** The script for bash. It finds the command of the words before the cursor, and offers what that command accepts. */
export function bashCompletion(root: CommandNode): string {
  const paths = pathsOf(root).map((path) => `'${path}'`);
  return `# Completion of vps-gateway for bash, made by \`vps-gateway completion bash\`.
_vps_gateway() {
  local word=\${COMP_WORDS[COMP_CWORD]} path= words= each next
  COMPREPLY=()
  for each in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    next=\${path:+$path }$each
    case $next in
      ${paths.join('|')}) path=$next ;;
    esac
  done
  case \${COMP_WORDS[COMP_CWORD-1]} in
${flagsWithValue(root).map(valueArm).join('\n')}
  esac
  case $path in
${nodesOf(root).map(wordsArm).join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -F _vps_gateway vps-gateway
`;
}

function valueArm({ long, value }: Flag): string {
  if (value === 'text' || value === 'none') return `    ${long}) return ;;`;
  const from = value === 'directory' ? '-d' : value === 'file' ? '-f' : `-W '${value.join(' ')}'`;
  return `    ${long}) COMPREPLY=($(compgen ${from} -- "$word")); return ;;`;
}

function wordsArm({ path, commands, words, flags }: CommandNode): string {
  const all = [...commands.map(({ name }) => name), ...words, ...flags.map(({ long }) => long)];
  return `    '${path}') words='${all.join(' ')}' ;;`;
}
