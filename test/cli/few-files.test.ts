import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { builtProgram } from '../support/gateway-process.ts';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 });

const SENTENCE = /^vps-gateway: this process may open too few files: .*ulimit -n.*LimitNOFILE.*\(EMFILE\)\n$/;
/** A module of the program that loads no other. */
const ALONE = fileURLToPath(new URL('../../bin/node-version.cjs', import.meta.url));

const leases = mkdtempSync(join(tmpdir(), 'few-files-'));
afterAll(() => rmSync(leases, { recursive: true }));

/** So few that Node.js itself starts, and little more. How many that is depends on its version and on what it inherits. */
let most: number;

function runLimited(limit: number, ...words: string[]) {
  // Node.js says itself, and goes on, where it cannot open that one.
  const { NODE_EXTRA_CA_CERTS: _certificates, ...inherited } = process.env;
  const env = { ...inherited, GATEWAY_DHCP_LEASES_DIR: leases };
  const args = ['-c', `ulimit -n ${limit} && exec "$0" "$@"`, process.execPath, ...words];
  return spawnSync('sh', args, { encoding: 'utf8', env });
}

beforeAll(() => {
  for (most = 10; runLimited(most, ALONE).status !== 0; most++)
    if (most === 100) throw new Error('Node.js does not start');
});

test('with hardly more files than Node.js needs to start the program starts, or one sentence says what to raise', () => {
  const ends = [0, 1, 2, 3, 4].map((more) => runLimited(most + more, builtProgram(), '--version'));

  expect(ends.at(-1)).toMatchObject({ status: 0, stderr: '' });
  for (const { status, stderr } of ends.filter((each) => each.status !== 0)) {
    expect(status).toBe(69);
    expect(stderr).toMatch(SENTENCE);
  }
});

test('a gateway that may open hardly more ends; one sentence says what to raise, without a stack trace', () => {
  for (let limit = most; limit < most + 4; limit++) {
    const { status, stderr } = runLimited(limit, builtProgram(), 'serve');

    expect([69, 74]).toContain(status);
    expect(stderr).toMatch(/this process may open too few files.*ulimit -n.*\n$/);
    if (status === 69) expect(stderr).toMatch(SENTENCE);
    expect(stderr).not.toMatch(/^\s+at /m);
  }
});

// How many are open at once is a matter of time.
test.each(['check', 'leases'])('`vps-gateway %s` ends as ever, or says so', (word) => {
  for (let limit = most; limit < most + 4; limit++) {
    const { status, stderr } = runLimited(limit, builtProgram(), word);

    if (status === 69) expect(stderr).toMatch(SENTENCE);
    else expect([0, 74, 78]).toContain(status);
    expect(stderr).not.toMatch(/^\s+at /m);
  }
});
