import { spawnSync } from 'node:child_process';
import { expect, test, vi } from 'vitest';
import { builtProgram } from '../support/gateway-process.ts';

vi.setConfig({ testTimeout: 30_000 });

test.each([
  [22, 'serve'],
  [25, 'check'],
  [40, 'leases'],
  [60, '--version'],
])(
  'where only %i files may be open, one sentence says what to raise, with status 69: vps-gateway %s',
  (most, word) => {
    const limited = `ulimit -n ${most} && exec "$0" "$@"`;
    const { status, stdout, stderr } = spawnSync(
      'sh',
      ['-c', limited, process.execPath, builtProgram(), word],
      {
        encoding: 'utf8',
      },
    );

    expect(status).toBe(69);
    expect(stdout).toBe('');
    expect(stderr).toMatch(
      /^vps-gateway: this process may open too few files: .*ulimit -n.*LimitNOFILE.*\(EMFILE\)\n$/,
    );
  },
);
