// Runs the system tests and those of the cluster; without root as root of a user namespace, where the kernel allows one.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');
const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
const projects = ['--project', 'system', '--project', 'cluster'];
const tests = ['run', '--config', 'test/vitest.config.ts', ...projects, ...process.argv.slice(2)];
const canUnshare = (flags) => spawnSync('unshare', [...flags, 'true']).status === 0;
const asRoot = ['--user', '--map-root-user', '--net', '--mount'];
const inNamespace = !canUnshare(['--net', '--mount']) && canUnshare(asRoot);
const [command, ...args] = inNamespace
  ? ['unshare', ...asRoot, process.execPath, vitest, ...tests]
  : [process.execPath, vitest, ...tests];
process.exitCode = spawnSync(command, args, { stdio: 'inherit', cwd: root }).status ?? 1;
