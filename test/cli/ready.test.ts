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
import { describe, expect, onTestFinished, test, vi } from 'vitest';

/** npm takes a second or two. */
vi.setConfig({ testTimeout: 30_000 });

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

function ready(folder: string, environment: Readonly<Record<string, string>> = {}) {
  const env = { ...process.env, ...environment };
  return spawnSync(process.execPath, [join(folder, 'bin/ready.js')], { encoding: 'utf8', env });
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

describe('packages that cannot be installed are told of, with what mends it, and status 69:', () => {
  /** Without packages, and with an npm of this test's making, which ends as npm does. */
  function readyWith(npm: { readonly says: string; readonly status: number }) {
    const folder = clone();
    rmSync(join(folder, 'node_modules'), { recursive: true });
    const programs = join(folder, 'programs');
    mkdirSync(programs);
    writeFileSync(join(programs, 'npm'), `#!/bin/sh\ncat <<'END'\n${npm.says}\nEND\nexit ${npm.status}\n`, {
      mode: 0o755,
    });
    return ready(folder, { PATH: `${programs}:${process.env['PATH']}` });
  }

  test('no registry', () => {
    const folder = clone();
    rmSync(join(folder, 'node_modules'), { recursive: true });

    // A real npm, and a port at which nothing listens.
    const { status, stdout, stderr } = ready(folder, {
      npm_config_registry: 'http://127.0.0.1:1/',
      npm_config_cache: join(folder, 'cache'),
      npm_config_fetch_retry_mintimeout: '1',
      npm_config_update_notifier: 'false',
    });

    expect(status).toBe(69);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^vps-gateway: installing its packages \(npm ci\), once; /);
    expect(stderr.trim().split('\n').at(-1)).toMatch(
      /^vps-gateway: npm ci has failed: the registry cannot be reached: see to the network or the proxy/,
    );
  });

  test.each([
    [
      'no compiler',
      'npm error gyp ERR! stack Error: not found: make',
      1,
      /could not be compiled: install python3, make/,
    ],
    ['no space', 'npm error ENOSPC: no space left on device, write', 1, /the disk is full$/],
    [
      'another owner',
      "npm error EACCES: permission denied, mkdir 'node_modules'",
      1,
      /may not be written by this user$/,
    ],
    ['something else', 'npm error code EUNKNOWN', 1, /its output is above$/],
    [
      'a module that npm left out without a word',
      '',
      0,
      /better-sqlite3 could not be compiled: install python3/,
    ],
  ])('%s', (_, says, end, cause) => {
    const { status, stderr } = readyWith({ says, status: end });

    expect(status).toBe(69);
    expect(stderr).toContain(says);
    expect(stderr.trim().split('\n').at(-1)).toMatch(cause);
  });
});
