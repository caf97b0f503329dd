import { spawnSync } from 'node:child_process';
import type { Command } from 'commander';
import { describe, expect, it, test, vi } from 'vitest';
import { createProgram } from '../../src/cli/program.ts';
import { flagsOf } from '../../src/cli/setting-options.ts';
import { loadSettings } from '../../src/config/loading/load-settings.ts';
import type { Flags } from '../../src/config/loading/origins.ts';
import { builtProgram } from '../support/gateway-process.ts';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 });

/** What `--help` of a command prints where no terminal says how wide it is. */
function helpOf(...words: readonly string[]): string {
  let text = '';
  const program = createProgram((written) => {
    text += written;
  });
  expect(() => program.parse([...words, '--help'], { from: 'user' })).toThrow();
  return text;
}

function commandsIn(command: Command, words: readonly string[] = []): readonly (readonly string[])[] {
  return [words, ...command.commands.flatMap((each) => commandsIn(each, [...words, each.name()]))];
}

/** The flags of the example, as they would be given. */
function exampleIn(text: string): Flags {
  const words = /^ {2}vps-gateway serve (--.*(?:\n {4}.*)*)/m.exec(text)?.[1]?.split(/[\s\\]+/) ?? [];
  const serve = createProgram().commands.find((each) => each.name() === 'serve');
  serve?.parseOptions(words);
  return serve === undefined ? {} : flagsOf(serve);
}

const ALL = commandsIn(createProgram()).map((words) => ({ words }));
const OF_CLUSTER = ALL.filter(({ words }) => words[0] === 'cluster' && words.length === 2);

test.each(ALL)('the help of $words fits 80 columns', ({ words }) => {
  for (const line of helpOf(...words).split('\n')) expect(line.length).toBeLessThanOrEqual(80);
});

/** Those that have no commands of their own. */
const LEAVES = ALL.filter(
  ({ words }) =>
    !ALL.some(
      (other) => other.words.length > words.length && words.every((word, at) => other.words[at] === word),
    ),
);

test.each(LEAVES)('an error in the words of $words names the help of these words', ({ words }) => {
  let said = '';
  const program = createProgram();
  const command = words.reduce<Command | undefined>(
    (at, word) => at?.commands.find((each) => each.name() === word),
    program,
  );
  command?.configureOutput({
    writeErr: (text) => {
      said += text;
    },
  });

  expect(() => program.parse([...words, '--unknown'], { from: 'user' })).toThrow();

  expect(said).toContain(`(${['vps-gateway', ...words].join(' ')} --help shows what there is)`);
});

/** Commands that have commands of their own, and do nothing without one. */
const GROUPS = ALL.filter((each) => !LEAVES.includes(each)).filter(
  ({ words }) => !['leases', 'reservations', 'clock'].includes(words.join(' ')),
);

test.each(GROUPS)(
  '$words without a further word prints its help, and an unknown word is an error',
  ({ words }) => {
    const run = (...more: string[]) =>
      spawnSync(process.execPath, [builtProgram(), ...words, ...more], { encoding: 'utf8' });

    expect(run()).toMatchObject({ status: 0, stdout: helpOf(...words), stderr: '' });

    const unknown = run('no-such-command');
    expect(unknown).toMatchObject({ status: 78, stdout: '' });
    expect(unknown.stderr).toMatch(/^error: unknown command 'no-such-command'\n/);
  },
);

/** The others write files, and need no setting of the gateway. */
function asksEtcd({ words }: { readonly words: readonly string[] }): boolean {
  return !['certificates', 'etcd-config'].some((name) => words.includes(name));
}

describe('the help of a cluster command', () => {
  it.each(OF_CLUSTER.filter(asksEtcd))(
    '$words fits one screen, and says where the other settings are',
    ({ words }) => {
      const text = helpOf(...words);

      expect(text.split('\n').length).toBeLessThan(60);
      expect(text).toContain('--etcd-endpoints');
      expect(text).toContain('--leases-dir');
      expect(text).not.toContain('--pool-start');
      expect(text).toContain('vps-gateway serve --help');
    },
  );

  it.each([
    ['status', '--json'],
    ['init', '--new-segment'],
  ])('%s has %s first', (name, flag) => {
    const flags = helpOf('cluster', name).match(/^ {2}(-\w, )?--[\w-]+/gm);

    expect(flags?.[0]).toBe(`  ${flag}`);
  });

  it('is of flags that are understood still, though it does not list them', () => {
    const cluster = createProgram().commands.find((each) => each.name() === 'cluster');
    const status = cluster?.commands.find((each) => each.name() === 'status');

    expect(status?.options.some(({ long }) => long === '--pool-start')).toBe(true);
  });
});

test('the help of check has its own option, and says where the settings are', () => {
  const text = helpOf('check');

  expect(text).toContain('--json');
  expect(text).not.toContain('--pool-start');
  expect(text).toContain('vps-gateway serve --help');
});

test('the help of serve names what matters first, with an example, and then every setting', () => {
  const text = helpOf('serve');
  const [before = '', list = ''] = text.split('\nSegment:\n');

  for (const flag of ['--listen-ip', '--gateway', '--pool-start', '--pool-end'])
    expect(before.split(flag).length).toBeGreaterThan(2);
  expect(before).toContain('vps-gateway serve --listen-ip 192.168.7.2');
  expect(list).toContain('--etcd-endpoints');
  expect(loadSettings(exampleIn(before), {})).toMatchObject({ ok: true, warnings: [] });
  expect(helpOf()).toMatch(/^ {2}serve \[options\] +lease addresses until SIGTERM or SIGINT$/m);
});

test.each([
  ['history', '(Did you mean vps-gateway leases history?)'],
  ['lease', '(Did you mean vps-gateway leases?)'],
  ['helth', '(Did you mean vps-gateway health?)'],
  ['seed', '(Did you mean vps-gateway cluster seed?)'],
  ['status', '(Did you mean vps-gateway health?)'],
])('the word %s, which is no command, is said with the one that may be meant', (word, hint) => {
  let said = '';
  const program = createProgram().configureOutput({
    writeErr: (text) => {
      said += text;
    },
  });

  expect(() => program.parse([word], { from: 'user' })).toThrow();
  expect(said).toMatch(new RegExp(`^error: unknown command '${word}'\\n`));
  expect(said).toContain(hint);
});
