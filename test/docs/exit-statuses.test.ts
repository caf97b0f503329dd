import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { EXIT_STATUS } from '../../src/errors.ts';
import { ROOT } from '../support/pages.ts';

const STATUSES = [...new Set(Object.values(EXIT_STATUS))].map(String);

test('docs/exit-statuses.md has a row for every status that an error ends with', () => {
  const page = readFileSync(join(ROOT, 'docs/exit-statuses.md'), 'utf8');
  const rows = [...page.matchAll(/^\| (\d+) \|/gm)].map(([, status]) => status);

  expect(STATUSES.filter((status) => !rows.includes(status))).toEqual([]);
});

test('the man page has them too', () => {
  const page = readFileSync(join(ROOT, 'docs/vps-gateway.8'), 'utf8');

  expect(STATUSES.filter((status) => !page.includes(`\n.B ${status}\n`))).toEqual([]);
});
