// Runs the tests of this folder, one file after the other; without root as root of a user namespace.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
const tests = ['run', '--dir', import.meta.dirname, '--no-file-parallelism', ...process.argv.slice(2)];
const canUnshare = (flags) => spawnSync('unshare', [...flags, 'true']).status === 0;
const asRoot = ['--user', '--map-root-user', '--net', '--mount'];
const inNamespace = !canUnshare(['--net', '--mount']) && canUnshare(asRoot);
const [command, ...args] = inNamespace
  ? ['unshare', ...asRoot, process.execPath, vitest, ...tests]
  : [process.execPath, vitest, ...tests];
process.exitCode = spawnSync(command, args, { stdio: 'inherit' }).status ?? 1;
