import { type CommandNode, type Flag, flagsWithValue, nodesOf, pathsOf } from './command-tree.ts';

/** The script for zsh: the file `_vps-gateway` in a directory of its `fpath`, or loaded by `source`. */
export function zshCompletion(root: CommandNode): string {
  const paths = pathsOf(root).map((path) => `'${path}'`);
  return `#compdef vps-gateway
# Completion of vps-gateway for zsh, made by \`vps-gateway completion zsh\`.
_vps_gateway() {
  local way= next each
  local -a all
  for each in "\${(@)words[2,CURRENT-1]}"; do
    next=\${way:+$way }$each
    case $next in
      (${paths.join('|')}) way=$next ;;
    esac
  done
  case \${words[CURRENT-1]} in
${flagsWithValue(root).map(valueArm).join('\n')}
  esac
  case $way in
${nodesOf(root).map(wordsArm).join('\n')}
  esac
  _describe vps-gateway all
}
if [[ $funcstack[1] == _vps-gateway ]]; then _vps_gateway "$@"; else compdef _vps_gateway vps-gateway; fi
`;
}

function valueArm({ long, value }: Flag): string {
  if (value === 'text' || value === 'none') return `    (${long}) return ;;`;
  const offer =
    value === 'directory' ? '_directories' : value === 'file' ? '_files' : `compadd -- ${value.join(' ')}`;
  return `    (${long}) ${offer}; return ;;`;
}

function wordsArm({ path, commands, words, flags }: CommandNode): string {
  const all = [
    ...commands.map(({ name, description }) => described(name, description)),
    ...words,
    ...flags.map(({ long, description }) => described(long, description)),
  ];
  return `    ('${path}') all=(${all.join(' ')}) ;;`;
}

/** The form of `_describe`: a colon between the word and its meaning. */
function described(word: string, description: string): string {
  const meaning = description.replaceAll('\\', '\\\\').replaceAll(':', '\\:').replaceAll("'", "'\\''");
  return `'${word}:${meaning}'`;
}
