import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SETTING_KEYS, SETTINGS } from '../../src/config/settings.ts';
import { withGeneratedPart } from '../support/generated-part.ts';
import { settingsTables } from '../support/settings-tables.ts';

const PAGE = join(import.meta.dirname, '../../docs/settings.md');

test('docs/settings.md has every setting as its row in the code says it (vitest with -u writes the tables)', async () => {
  const page = readFileSync(PAGE, 'utf8');

  await expect(withGeneratedPart(page, settingsTables())).toMatchFileSnapshot(PAGE);
});

test('every setting is listed there once, in the order of the table in the code', () => {
  const listed = [...settingsTables().matchAll(/^\| `([A-Z0-9_]+)` \|/gm)].map(([, variable]) => variable);

  expect(listed).toEqual(SETTING_KEYS.map((key) => SETTINGS[key].variable));
});

test('the settings that docs/settings.md puts first are those that `serve --help` puts first', () => {
  const first = readFileSync(PAGE, 'utf8').split('<!-- begin')[0] ?? '';

  for (const key of ['listenIp', 'gateway', 'poolStart', 'poolEnd'] as const)
    expect(first).toContain(SETTINGS[key].variable);
});
