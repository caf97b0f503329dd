import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const isRoot = process.getuid?.() === 0;

/** A clone whose packages are installed, and which was built. */
function clone(): string {
  const folder = mkdtempSync(join(tmpdir(), 'vps-gateway-clone-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const name of ['bin', 'package.json', 'package-lock.json'])
    cpSync(join(ROOT, name), join(folder, name), { recursive: true });
  utimesSync(join(folder, 'package-lock.json'), 0, 0);
  mkdirSync(join(folder, 'node_modules'));
  writeFileSync(join(folder, 'node_modules/.package-lock.json'), '{}');
  mkdirSync(join(folder, 'dist'));
  return folder;
}

function ready(folder: string) {
  return spawnSync(process.execPath, [join(folder, 'bin/ready.js')], { encoding: 'utf8' });
}

test('what is installed and may be built is ready without a word', () => {
  expect(ready(clone())).toMatchObject({ status: 0, stdout: '', stderr: '' });
});

test('a package that is compiled takes the headers that stand beside this Node.js', () => {
  const folder = clone();
  rmSync(join(folder, 'node_modules'), { recursive: true });
  // A Node.js of its own folder, as one that was unpacked, and an npm that only says what it is told.
  const own = join(folder, 'own');
  for (const name of ['bin', 'include/node']) mkdirSync(join(own, name), { recursive: true });
  copyFileSync(process.execPath, join(own, 'bin/node'));
  writeFileSync(join(own, 'bin/npm'), '#!/bin/sh\necho "headers: $npm_config_nodedir" >&2\nexit 1\n', {
    mode: 0o755,
  });
  const headers = (version: string) =>
    writeFileSync(
      join(own, 'include/node/node_version.h'),
      version
        .split('.')
        .map((number, index) => `#define NODE_${['MAJOR', 'MINOR', 'PATCH'][index]}_VERSION ${number}\n`)
        .join(''),
    );
  const said = () => {
    const env = { PATH: `${join(own, 'bin')}:${process.env['PATH']}` };
    return spawnSync(join(own, 'bin/node'), [join(folder, 'bin/ready.js')], { encoding: 'utf8', env }).stderr;
  };

  headers(process.versions.node);
  expect(said()).toContain(`headers: ${own}\n`);
  headers('1.2.3');
  expect(said()).toContain('headers: \n');
});

test('another user than the owner of the clone is told so in one sentence before anything is compiled', ({
  skip,
}) => {
  const folder = clone();
  const output = join(folder, 'dist');
  chmodSync(output, 0o555);
  if (isRoot && spawnSync('chattr', ['+i', output]).status !== 0)
    skip('no directory can be made immutable here');
  onTestFinished(() => {
    if (isRoot) spawnSync('chattr', ['-i', output]);
  });

  const { status, stderr } = ready(folder);

  expect(status).toBe(69);
  expect(stderr).toMatch(
    /^vps-gateway: .*dist may not be written by this user .*: run this as its owner.*\n$/,
  );
});
