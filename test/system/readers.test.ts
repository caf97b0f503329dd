import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { commandsOn } from '../support/commands.ts';
import { builtProgram, gatewayEnvironment } from '../support/gateway-process.ts';
import { run } from '../support/run.ts';
import { describeSystem, useTestSegment } from '../support/system.ts';

const A = '52:54:00:4e:07:01';
/** All of a pipe but its last page: what a command writes then soon has to wait for the reader. */
const NEARLY_FULL = 15 * 4096;
/** Of a command whose reader has gone. */
const READER_GONE = 141;

/** Commands that print, each on a line; those that ask the gateway, and those that ask nobody. */
const COMMANDS = [
  ...['--help', '--version', 'serve --help', 'cluster --help', 'reasons', 'completion bash'],
  ...['check', 'check --json', 'settings', 'settings --json', 'health', 'health --json', 'clock'],
  ...[
    'leases',
    'leases --json',
    'leases history',
    `leases ${A}`,
    'leases export --format csv',
    'reservations',
  ],
  ...['reservations show web', `why ${A}`, 'doctor --no-ask', 'reload --dry-run', 'reasons bound'],
];

describeSystem('whoever reads what a command prints', [], () => {
  const segment = useTestSegment();
  const { managed, program } = commandsOn(segment);

  test('has all of it, however slow, and may go: then the command ends without a word', async () => {
    const directory = await managed();
    await segment().client().lease(A);
    await program(directory, 'reservations', 'set', 'web', '--mac', '52:54:00:4e:07:02');
    const environment = gatewayEnvironment(directory);
    const inShell = (script: string) => run(segment().node, ['bash', '-c', script], environment);
    const typed = (command: string) => `'${process.execPath}' '${builtProgram()}' ${command}`;

    for (const command of COMMANDS) {
      const whole = await inShell(typed(command));
      const slow = await inShell(
        `{ head -c ${NEARLY_FULL} /dev/zero; ${typed(command)}; } | { sleep 0.5; tail -c +${NEARLY_FULL + 1}; }`,
      );
      const gone = await inShell(`{ sleep 0.1; ${typed(command)}; echo "status $?" >&2; } | true`);

      expect(whole.output.length, command).toBeGreaterThan(0);
      expect(withoutNumbers(slow.output), command).toBe(withoutNumbers(whole.output));
      expect(gone.errors, command).toBe(`status ${READER_GONE}\n`);
    }
  }, 240_000);

  test('of the lab may go, too: it clears up', () => {
    const folder = join(segment().folder(), 'lab');
    mkdirSync(folder);

    const { stdout, stderr } = spawnSync(
      'bash',
      ['-c', `{ '${process.execPath}' '${builtProgram()}' lab --once; echo "status $?" >&2; } | head -n 3`],
      { encoding: 'utf8', env: { ...process.env, TMPDIR: folder } },
    );

    expect(stdout.split('\n')).toHaveLength(4);
    expect(stderr).toBe(`status ${READER_GONE}\n`);
    expect(readdirSync(folder)).toEqual([]);
  }, 60_000);
});

/** Times and counts go on. */
function withoutNumbers(text: string): string {
  return text.replaceAll(/\d+/g, '0');
}
