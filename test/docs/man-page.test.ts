import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { manPage } from '../support/man-page.ts';
import { ROOT } from '../support/pages.ts';

const FILE = join(ROOT, 'docs/vps-gateway.8');
const HAS_GROFF = spawnSync('groff', ['--version']).status === 0;

test('docs/vps-gateway.8 has every command and flag (vitest with -u writes it)', async () => {
  await expect(manPage()).toMatchFileSnapshot(FILE);
});

test.skipIf(!HAS_GROFF)('groff (of the Debian package groff-base) has nothing to say against it', () => {
  const { stdout, stderr } = spawnSync('groff', ['-man', '-Tutf8', '-ww', '-rLL=100n', FILE], {
    encoding: 'utf8',
  });

  expect(stderr).toBe('');
  expect(stdout).toContain('GATEWAY_DHCP_LISTEN_IP');
});
