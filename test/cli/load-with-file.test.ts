import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadWithFile, rereading } from '../../src/cli/load-with-file.ts';
import { problemToText } from '../../src/config/problem.ts';

let folder = '';
let file = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'settings-'));
  file = join(folder, 'settings.yaml');
});

afterEach(() => rmSync(folder, { recursive: true }));

test('a trial that asks again gets what was read before, until the file is another one; a reload always reads', async () => {
  writeFileSync(file, 'lease_time: 1h\n');
  const read = rereading({ settingsFile: file }, {});

  const first = await read(true);
  const again = await read(true);
  const reloaded = await read(false);
  writeFileSync(file, 'lease_time: 20m\n');
  const changed = await read(true);
  rmSync(file);
  const gone = await read(true);

  expect(again).toBe(first);
  expect(reloaded).not.toBe(first);
  expect(reloaded).toEqual(first);
  expect([first, changed].map(({ settings }) => settings.leaseTime)).toEqual([3600, 1200]);
  expect(gone.ok).toBe(false);
});

test.each([
  ['/dev/null', 'is no file'],
  ['/nowhere/settings.yaml', 'there is no such file'],
  [tmpdir(), 'is no file'],
])('a settings file that is none is named with the remedy, and waited for by nobody: %s', (path, fault) => {
  const loaded = loadWithFile({ settingsFile: path }, {});

  expect(loaded.ok ? [] : loaded.problems.map(problemToText)).toEqual([
    expect.stringContaining(`GATEWAY_CONFIG: '${path}' (flag --config): ${fault}; name a`),
  ]);
});

test('one of more than a MiB is not read', () => {
  writeFileSync(file, `# ${'x'.repeat(1 << 20)}\n`);

  expect(loadWithFile({ settingsFile: file }, {})).toMatchObject({
    ok: false,
    problems: [{ message: 'is larger than 1 MiB' }],
  });
});

test('a secret in a file that everybody may read is a warning, and is not shown', () => {
  writeFileSync(file, 'api_secret: correct-horse-battery\n');
  chmodSync(file, 0o644);
  const open = loadWithFile({ settingsFile: file }, {}).warnings.map(problemToText);
  chmodSync(file, 0o640);

  expect(open).toEqual([expect.stringMatching(/^GATEWAY_API_SECRET: '\(set\)' .*chmod o-r /)]);
  expect(loadWithFile({ settingsFile: file }, {}).warnings).toEqual([]);
});
