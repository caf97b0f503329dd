import { spawnSync } from 'node:child_process';
import { expect, test, vi } from 'vitest';
import { builtProgram } from '../support/gateway-process.ts';

vi.setConfig({ testTimeout: 30_000 });

/** So few that Node.js itself starts, and little more. */
const MOST = 22;
const SENTENCE = /^vps-gateway: this process may open too few files: .*ulimit -n.*LimitNOFILE.*\(EMFILE\)\n$/;

function runLimited(word: string) {
  const limited = `ulimit -n ${MOST} && exec "$0" "$@"`;
  return spawnSync('sh', ['-c', limited, process.execPath, builtProgram(), word], { encoding: 'utf8' });
}

test(`where only ${MOST} files may be open, one sentence says what to raise, with status 69`, () => {
  const { status, stdout, stderr } = runLimited('--version');

  expect(status).toBe(69);
  expect(stdout).toBe('');
  expect(stderr).toMatch(SENTENCE);
});

// Newer versions of Node.js need fewer, and how many at once is a matter of time: then a command ends as it always does.
test.each(['serve', 'check', 'leases'])(
  'or `vps-gateway %s` ends as ever; there is no stack trace',
  (word) => {
    const { status, stderr } = runLimited(word);

    if (status === 69) expect(stderr).toMatch(SENTENCE);
    else expect([74, 78]).toContain(status);
    expect(stderr).not.toMatch(/^\s+at /m);
  },
);
