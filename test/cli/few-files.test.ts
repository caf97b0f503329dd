import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test, vi } from 'vitest';
import { builtProgram } from '../support/gateway-process.ts';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 });

const SENTENCE = /^vps-gateway: this process may open too few files: .*ulimit -n.*LimitNOFILE.*\(EMFILE\)\n$/;
/** A module of the program that loads no other. */
const ALONE = fileURLToPath(new URL('../../bin/node-version.js', import.meta.url));

/** So few that Node.js itself starts, and little more. How many that is depends on its version and on what it inherits. */
let most: number;

function runLimited(limit: number, ...words: string[]) {
  return spawnSync('sh', ['-c', `ulimit -n ${limit} && exec "$0" "$@"`, process.execPath, ...words], {
    encoding: 'utf8',
  });
}

beforeAll(() => {
  for (most = 10; runLimited(most, ALONE).status !== 0; most++)
    if (most === 100) throw new Error('Node.js does not start');
});

test('where hardly more files may be open than Node.js needs to start, one sentence says what to raise, with status 69', () => {
  const ends = [0, 1, 2, 3, 4, 5].map((more) => runLimited(most + more, builtProgram(), '--version'));

  const refused = ends.filter(({ status }) => status !== 0);
  expect(refused).not.toHaveLength(0);
  for (const { status, stdout, stderr } of refused)
    expect({ status, stdout, stderr }).toEqual({
      status: 69,
      stdout: '',
      stderr: expect.stringMatching(SENTENCE),
    });
});

// With a few more, how many are open at once is a matter of time: then a command ends as it always does.
test.each(['serve', 'check', 'leases'])(
  'or `vps-gateway %s` ends as ever; there is no stack trace',
  (word) => {
    for (let limit = most; limit < most + 4; limit++) {
      const { status, stderr } = runLimited(limit, builtProgram(), word);

      if (status === 69) expect(stderr).toMatch(SENTENCE);
      else expect([0, 74, 78]).toContain(status);
      expect(stderr).not.toMatch(/^\s+at /m);
    }
  },
);
