import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Ipv4 } from '../../../src/net/ipv4.ts';
import { openSqliteStore } from '../../../src/store/sqlite/open-sqlite-store.ts';
import { address, at, bind } from '../../store/changes.ts';
import { builtProgram } from '../../support/gateway-process.ts';

/** The program starts anew for each test. */
vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 });

const LEASES = 3000;
const FIRST = address('10.16.0.1');

describe('what a command prints leaves whole before it ends', () => {
  let directory: string;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'whole-'));
    const store = openSqliteStore({ directory, inFlight: new Set(), now: at(0), seed: 0, node: 'pve1' });
    for (let number = 0; number < LEASES; number += 1)
      await bind(store, { client: number, address: (FIRST + number) as Ipv4, hostname: 'n'.repeat(40) });
    await store.close();
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  const leases = (...flags: string[]) => [builtProgram(), 'leases', '--leases-dir', directory, ...flags];
  const reading = (script: string, ...flags: string[]) =>
    shell(`${[process.execPath, ...leases(...flags)].join(' ')} | ${script}`);

  test('through a reader that is slower than the pipe', async () => {
    const { output } = await reading('{ sleep 0.3; cat; }');

    expect(output.trim().split('\n')).toHaveLength(LEASES + 1);
  });

  test('as JSON that parses', async () => {
    const { output } = await reading('{ sleep 0.3; cat; }', '--json');

    expect(JSON.parse(output)).toHaveLength(LEASES);
  });

  test('through a pipe that does not block', async () => {
    // Node sets its end of a pipe so, and the other programs of a pipeline share that.
    const child = spawn(process.execPath, leases('--json'), { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      output += part;
    });
    await once(child, 'close');

    expect(JSON.parse(output)).toHaveLength(LEASES);
  });

  test('a reader that has seen enough ends it without a word', async () => {
    const { output, errors } = await reading('head -n 2', '--json');

    expect(output.split('\n')).toHaveLength(3);
    expect(errors).toBe('');
  });

  test('a full disk is said, with status 74', async () => {
    const full = openSync('/dev/full', 'w');
    const child = spawn(process.execPath, leases(), { stdio: ['ignore', full, 'pipe'] });
    let errors = '';
    child.stderr?.on('data', (part: Buffer) => {
      errors += part.toString();
    });
    await once(child, 'close');

    expect(child.exitCode).toBe(74);
    expect(errors).toBe('vps-gateway: the output cannot be written (ENOSPC)\n');
  });
});

async function shell(command: string): Promise<{ readonly output: string; readonly errors: string }> {
  const child = spawn('sh', ['-c', command], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [output, errors] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    output += part;
  });
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    errors += part;
  });
  await once(child, 'close');
  return { output, errors };
}
