import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addCompletionCommand } from '../../src/cli/completion.ts';
import { createProgram } from '../../src/cli/program.ts';

const has = (shell: string) => spawnSync(shell, ['-c', 'true']).status === 0;

/** What `vps-gateway completion <shell>` prints. */
function scriptFor(shell: string): string {
  let text = '';
  const program = createProgram();
  const commands = new Command('vps-gateway').exitOverride();
  for (const command of program.commands.filter((each) => each.name() !== 'completion'))
    commands.addCommand(command);
  addCompletionCommand(commands, {
    columns: undefined,
    hasColour: false,
    write: (written) => {
      text += written;
    },
  });
  commands.parse(['completion', shell], { from: 'user' });
  return text;
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vps-gateway-completion-'));
  for (const shell of ['bash', 'zsh', 'fish']) writeFileSync(join(folder, shell), scriptFor(shell));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(shell: string, script: string): readonly string[] {
  const { stdout, stderr, status } = spawnSync(shell, ['-c', script], { encoding: 'utf8', cwd: folder });
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  return stdout.trim().split('\n');
}

/** What each shell offers for the last of these words. */
const OFFERS: Readonly<Record<string, (words: readonly string[]) => readonly string[]>> = {
  bash: (words) =>
    run(
      'bash',
      `. ./bash; COMP_WORDS=(vps-gateway ${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}
       _vps_gateway; printf '%s\\n' "\${COMPREPLY[@]}"`,
    ),
  fish: (words) =>
    run('fish', `source ./fish; complete --do-complete 'vps-gateway ${words.join(' ')}'`).map(
      (line) => line.split('\t')[0] ?? '',
    ),
};

describe.each(['bash', 'fish'])('completion in %s', (shell) => {
  const offers = (...words: string[]) => [...(OFFERS[shell]?.(words) ?? [])];

  test.skipIf(!has(shell))('offers the commands, and those of a command', () => {
    expect(offers('')).toEqual(expect.arrayContaining(['serve', 'leases', 'cluster', 'completion']));
    expect(offers('cluster', 's').sort()).toEqual(['seed', 'status']);
  });

  test.skipIf(!has(shell))('offers the flags of a command, and not those of another', () => {
    const flags = offers('leases', 'history', '--');

    expect(flags).toEqual(expect.arrayContaining(['--json', '--at', '--since']));
    expect(flags).not.toContain('--pool-start');
  });

  test.skipIf(!has(shell))('offers the words that a flag takes', () => {
    expect(offers('serve', '--log-format', '').sort()).toEqual(['auto', 'json', 'pretty']);
  });
});

test.skipIf(!has('zsh'))('completion in zsh: its script is read, and offers the flags of a command', () => {
  const told = run(
    'zsh',
    `compdef() { : }; _describe() { print -l -- \${(P)2} }; . ./zsh
     words=(vps-gateway leases history ''); CURRENT=4; _vps_gateway`,
  );

  expect(told.some((line) => line.startsWith('--since:'))).toBe(true);
  expect(told.some((line) => line.startsWith('--pool-start:'))).toBe(false);
});

test('another shell is refused, with those that are known', () => {
  const program = createProgram().configureOutput({ writeErr: () => undefined });
  for (const command of program.commands) command.configureOutput({ writeErr: () => undefined });

  expect(() => program.parse(['completion', 'tcsh'], { from: 'user' })).toThrow('bash, zsh, fish');
});
