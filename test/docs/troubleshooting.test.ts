import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { REASONS } from '../../src/engine/reasons.ts';
import { DROPS } from '../../src/exchange/drops.ts';
import { troubleshootingPage } from '../support/troubleshooting-page.ts';

const ROOT = join(import.meta.dirname, '../..');
const PAGE = join(ROOT, 'docs/troubleshooting.md');

test('docs/troubleshooting.md is what the tables of reasons and of drops say (vitest with -u writes it)', async () => {
  await expect(troubleshootingPage()).toMatchFileSnapshot(PAGE);
});

test('every reason and every cause of a drop has its row there, a sentence or more', () => {
  const page = readFileSync(PAGE, 'utf8');

  for (const word of [...Object.keys(REASONS), ...Object.keys(DROPS)])
    expect(page).toMatch(new RegExp(`^\\| \`${word}\` \\| [A-Z].*\\. .*\\|$`, 'm'));
});

test('the README leads to it', () => {
  expect(readFileSync(join(ROOT, 'README.md'), 'utf8')).toContain('(docs/troubleshooting.md)');
});
