import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { transformSync } from 'esbuild';
import { expect, test, vi } from 'vitest';
import { builtProgram } from '../support/gateway-process.ts';
import { ROOT } from '../support/pages.ts';

vi.setConfig({ testTimeout: 30_000 });

test.each([
  ['10.24.1', 'leases'],
  ['12.22.12', 'serve'],
  ['18.20.8', '--version'],
  ['20.18.3', 'check'],
])('Node.js %s is refused with one sentence and status 78: vps-gateway %s', (version, command) => {
  const { status, stdout, stderr } = underNode(version, command);

  expect(status).toBe(78);
  expect(stdout).toBe('');
  expect(stderr).toMatch(
    new RegExp(`^vps-gateway: this is Node.js ${version} .*20.19 or newer is needed: install it .*\n$`),
  );
});

test.each(['20.19.0', '22.0.0', '100.1.0'])('Node.js %s is new enough', (version) => {
  expect(underNode(version, '--version')).toMatchObject({ status: 0, stderr: '' });
});

// A word that it does not know would be a stack trace in place of the sentence.
test.each(['vps-gateway.js', 'ready.js', 'node-version.cjs'])(
  '%s has nothing that Node.js 10 does not understand',
  (name) => {
    const source = readFileSync(join(ROOT, 'bin', name), 'utf8').replace(/^#!.*\n/, '');
    const asFor = (target: string) => transformSync(source, { target, format: 'cjs' }).code;

    expect(asFor('node10')).toBe(asFor('node20'));
  },
);

function underNode(version: string, command: string) {
  const lie = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } })`;
  const before = `data:text/javascript,${encodeURIComponent(lie)}`;
  return spawnSync(process.execPath, ['--import', before, builtProgram(), command], { encoding: 'utf8' });
}
