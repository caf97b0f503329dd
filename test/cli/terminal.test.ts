import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { builtProgram, gatewayEnvironment } from '../support/gateway-process.ts';

/** Of the package bsdutils, which Debian always has. */
const HAS_SCRIPT = spawnSync('script', ['--version']).status === 0;

/** Lines that `vps-gateway check` prints, as a terminal of so many columns gets them. */
function checkOn(columns: number, environment: Readonly<Record<string, string>> = {}): readonly string[] {
  const command = `stty cols ${columns} && exec '${process.execPath}' '${builtProgram()}' check`;
  const { TERM: _, NO_COLOR: __, ...own } = gatewayEnvironment('/var/lib/none');
  const { stdout } = spawnSync('script', ['-qec', command, '/dev/null'], {
    encoding: 'utf8',
    env: { ...own, TERM: 'xterm', GATEWAY_DHCP_INTERFACE: 'none0', ...environment },
  });
  return stdout.replaceAll('\r', '').split('\n');
}

test.for([80, 132])('check keeps to a terminal of %i columns, and marks a problem', (columns, { skip }) => {
  if (!HAS_SCRIPT) skip('the program `script` is not installed');
  const lines = checkOn(columns);

  expect(lines.join('\n')).toContain('\u001b[31mproblem:\u001b[39m interface none0 does not exist');
  for (const line of lines) expect(stripVTControlCharacters(line).length).toBeLessThanOrEqual(columns);
});

test('NO_COLOR is obeyed on a terminal', ({ skip }) => {
  if (!HAS_SCRIPT) skip('the program `script` is not installed');

  expect(checkOn(80, { NO_COLOR: '1' }).join('\n')).not.toContain('\u001b');
});

test('a gateway whose terminal is gone ends with its own status', async ({ skip }) => {
  if (!HAS_SCRIPT) skip('the program `script` is not installed');
  const folder = mkdtempSync(join(tmpdir(), 'gone-terminal-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const [pid, status] = [join(folder, 'pid'), join(folder, 'status')];
  const gateway = `echo $$ > '${pid}'; exec '${process.execPath}' '${builtProgram()}' serve`;
  const command = `trap : HUP; sh -c "${gateway.replace('$', '\\$')}"; echo $? > '${status}'`;
  const settings = { GATEWAY_DHCP_INTERFACE: 'none0', GATEWAY_METRICS_PORT: 'off' };
  const env = gatewayEnvironment(join(folder, 'leases'), settings);
  const terminal = spawn('script', ['-qec', command, '/dev/null'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env,
  });
  let shown = '';
  terminal.stdout.setEncoding('utf8').on('data', (part: string) => (shown += part));
  await eventually('it serves', () => shown.includes('waiting for the listen address'));

  terminal.kill('SIGKILL');
  await once(terminal, 'exit');
  process.kill(Number(readFileSync(pid, 'utf8')), 'SIGTERM');

  await eventually('it has ended', () => existsSync(status) && readFileSync(status, 'utf8') !== '');
  expect(readFileSync(status, 'utf8')).toBe('0\n');
});

test.each(['<&-', '>&-', '2>&-', '<&- >&- 2>&-'])(
  'a command whose standard descriptors are closed by %s does its work',
  (closed) => {
    const command = `exec '${process.execPath}' '${builtProgram()}' doctor ${closed}`;
    const env = gatewayEnvironment('/var/lib/none', { GATEWAY_DHCP_INTERFACE: 'none0' });
    const options = { encoding: 'utf8', env, timeout: 20_000, killSignal: 'SIGKILL' } as const;
    const { status, stderr } = spawnSync('sh', ['-c', command], options);

    expect(status).toBe(2);
    expect(stderr).toBe('');
  },
);
