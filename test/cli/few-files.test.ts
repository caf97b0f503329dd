import { spawnSync } from 'node:child_process';
import { expect, test, vi } from 'vitest';
import { builtProgram } from '../support/gateway-process.ts';

vi.setConfig({ testTimeout: 30_000 });

/** So few that Node.js itself starts, and no more: 20 needs 77, 24 needs 24. */
const MOST = 22;

test.each(['serve', 'check', 'leases', '--version'])(
  `where only ${MOST} files may be open, one sentence says what to raise, with status 69: vps-gateway %s`,
  (word) => {
    const limited = `ulimit -n ${MOST} && exec "$0" "$@"`;
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
