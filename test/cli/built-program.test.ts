import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { builtProgram } from '../support/gateway-process.ts';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 });

/** Gives the program arguments that are none: an error of our own, whose trace it prints. */
const PROVOKE = `require('./dist/run/vps-gateway.js').run([null]);`;

let copy: string;
let run: string;
beforeEach(() => {
  const root = dirname(dirname(builtProgram()));
  copy = mkdtempSync(join(tmpdir(), 'built-program-'));
  run = join(copy, 'dist/run');
  mkdirSync(join(copy, 'dist'));
  cpSync(join(root, 'dist/run'), run, { recursive: true });
  for (const name of ['bin', 'package.json']) cpSync(join(root, name), join(copy, name), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
});
afterEach(() => rmSync(copy, { recursive: true }));

const filesOf = (ending: string) => readdirSync(run).filter((name) => name.endsWith(ending));
const node = (...args: string[]) =>
  spawnSync(process.execPath, args, {
    ...{ cwd: copy, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] },
    ...{ timeout: 25_000, killSignal: 'SIGKILL' }, // Nothing here is to serve: one that does would run for ever.
  });
const version = () => node('bin/vps-gateway.js', '--version');

test('a gateway loads some modules of Node.js only when they are used, and ip-num computes no range before it is asked', () => {
  const { stdout } = node('-p', `require('./dist/run/serve.js'); process.moduleLoadList.join(' ')`);
  const [serve = ''] = filesOf('.js').filter((name) => /^serve-/.test(name));

  expect(stdout).toContain('NativeModule crypto'); // The list is what it seems to be.
  for (const late of ['child_process', 'fs/promises', 'http2', 'tls'])
    expect(stdout).not.toContain(`NativeModule ${late} `);
  expect(readFileSync(join(run, serve), 'utf8')).not.toMatch(/IPv[46]\.\w+_RANGES?=/);
});

test('without a word it prints its help, with status 0', () => {
  const { status, stdout, stderr } = node('bin/vps-gateway.js');

  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toMatch(/^Usage: vps-gateway \[options\] \[command\]\n/);
});

// Some versions of V8 tell these flags apart, others do not.
test.each([[], ['--max-semi-space-size=8']])(
  'what V8 compiled is kept for a start with the flags [%s]',
  (...flags) => {
    const tag = node(...flags, '-p', 'v8.cachedDataVersionTag()').stdout.trim();

    const kept = filesOf(`.${tag}.cache`).map((name) => name.replace(/-\w+\.js\..*/, ''));
    expect(kept).toEqual(['management-thread', 'serve', 'settings-file', 'vps-gateway']);
  },
);

test('a SQLite whose compiled module is not for this Node.js is told of with the command that mends it', () => {
  const modules = realpathSync(join(copy, 'node_modules'));
  unlinkSync(join(copy, 'node_modules'));
  mkdirSync(join(copy, 'node_modules'));
  for (const name of readdirSync(modules)) {
    const own = join(copy, 'node_modules', name);
    if (!name.startsWith('better-sqlite3')) symlinkSync(join(modules, name), own);
    else cpSync(join(modules, name), own, { recursive: true, filter: (path) => !/\/(deps|src)$/.test(path) });
  }
  for (const name of readdirSync(join(copy, 'node_modules'), { recursive: true, encoding: 'utf8' }))
    if (/^better-sqlite3.*\.node$/.test(name)) truncateSync(join(copy, 'node_modules', name), 512);

  const leases = join(copy, 'leases');
  const ended = node('bin/vps-gateway.js', 'serve', '--leases-dir', leases);

  expect(ended).toMatchObject({
    status: 74,
    stderr: expect.stringMatching(
      /^vps-gateway: better-sqlite3 cannot be loaded by Node\.js \S+: run `npm ci` with this Node\.js .*\n$/,
    ),
  });
});

test.each([[['serve']], [['health']]])('a copy that is not built says so: %s', (words) => {
  rmSync(run, { recursive: true });

  expect(node('bin/vps-gateway.js', ...words)).toMatchObject({
    status: 69,
    stderr: expect.stringMatching(
      /^vps-gateway: this copy is not built, .*: npm run ready && npm run build, .*\n$/,
    ),
  });
});

test('the reader of settings files is loaded only where one is named, and says where in it a fault is', () => {
  writeFileSync(join(copy, 'settings.yaml'), 'pool_start: 10.15.3.20\nlease_tim: 1h\n');
  const serve = ['bin/vps-gateway.js', 'serve', '--listen-ip', 'none'];

  const named = node(...serve, '--config', 'settings.yaml');
  for (const name of filesOf('.js').filter((each) => each.startsWith('settings-file')))
    rmSync(join(run, name));
  const without = node(...serve);

  expect(named).toMatchObject({ status: 78, stderr: expect.stringContaining('settings.yaml:2:1') });
  expect(without).toMatchObject({ status: 78, stderr: expect.stringContaining("'none' (flag --listen-ip)") });
});

test.each([
  ['of no bytes', (file: string) => truncateSync(file, 0)],
  ['cut in the middle', (file: string) => truncateSync(file, 100_000)],
  ['of another program', (file: string) => writeFileSync(file, Buffer.alloc(100_000, 0x55))],
  ['gone', (file: string) => rmSync(file)],
])('the program runs although what was kept is %s', (_, damage) => {
  for (const name of filesOf('.cache')) damage(join(run, name));

  expect(version()).toMatchObject({
    status: 0,
    stderr: '',
    stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
  });
});

test('with other flags of V8, for which nothing is kept, it runs as well', () => {
  expect(node('--stack-size=900', 'bin/vps-gateway.js', '--version')).toMatchObject({
    status: 0,
    stderr: '',
  });
});

test('a stack trace names the sources, with line and column', () => {
  const { stderr } = node('-e', PROVOKE);

  expect(stderr).toMatch(/^TypeError: .*\n(?: +at .*\n)* +at .*\/src\/cli\/[a-z-]+\.ts:\d+:\d+/);
  expect(stderr).not.toContain('dist/run/vps-gateway-');
});

test('and is a stack trace still where the map is missing', () => {
  for (const name of filesOf('.map')) rmSync(join(run, name));

  expect(node('-e', PROVOKE).stderr).toMatch(/^TypeError: .*\n +at .*vps-gateway-\w+\.js:\d+:\d+/);
});

test('a program that is started at any moment of a build is whole', async () => {
  symlinkSync(join(dirname(dirname(builtProgram())), 'src'), join(copy, 'src'));
  const before = filesOf('.js');
  const build = spawn(process.execPath, ['bin/bundle.js'], {
    cwd: copy,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const built = once(build, 'exit');
  const statuses = new Set<number | null>();

  while (build.exitCode === null && build.signalCode === null) {
    statuses.add(version().status);
    await delay(1); // For the end of the build to be seen.
  }

  expect(await built).toEqual([0, null]);
  expect([...statuses]).toEqual([0]);
  expect(filesOf('.js')).toHaveLength(before.length);
  expect(readdirSync(join(copy, 'dist'))).toEqual(['run']);
}, 120_000);
