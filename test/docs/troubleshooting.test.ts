import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { REASONS } from '../../src/engine/decision/reasons.ts';
import { DROPS } from '../../src/exchange/observer/drops.ts';
import { withGeneratedPart } from '../support/generated-part.ts';
import { reasonTables } from '../support/reason-tables.ts';

const PAGE = join(import.meta.dirname, '../../docs/troubleshooting.md');

test('docs/troubleshooting.md says of reasons and drops what their tables say (vitest with -u writes it)', async () => {
  const page = readFileSync(PAGE, 'utf8');

  await expect(withGeneratedPart(page, reasonTables())).toMatchFileSnapshot(PAGE);
});

test('every reason and every cause of a drop has its row there, a sentence or more', () => {
  const page = readFileSync(PAGE, 'utf8');

  for (const word of [...Object.keys(REASONS), ...Object.keys(DROPS)])
    expect(page).toMatch(new RegExp(`^\\| \`${word}\` \\| [A-Z].*\\. .*\\|$`, 'm'));
});

test('every reason word that the symptoms name is one', () => {
  const symptoms = readFileSync(PAGE, 'utf8').split('<!-- begin')[0] ?? '';
  const words = [...symptoms.matchAll(/reason `([a-z-]+)`/g)].map(([, word]) => word);

  expect(words.length).toBeGreaterThan(5);
  expect(words.filter((word) => !Object.keys({ ...REASONS, ...DROPS }).includes(word ?? ''))).toEqual([]);
});

test('every message that the symptoms quote is one of the program', () => {
  const symptoms = readFileSync(PAGE, 'utf8').split('<!-- begin')[0] ?? '';
  const cells = [...symptoms.matchAll(/^\| (.*?) \|/gm)].map(([, cell = '']) => cell);
  const quoted = cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text));
  const messages = quoted.filter((text) => / .* /.test(text) && !text.startsWith('vps-gateway'));
  const folder = join(import.meta.dirname, '../../src');
  const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  const program = sources.map((name) => readFileSync(join(folder, name), 'utf8')).join('\n');

  expect(messages.length).toBeGreaterThan(2);
  expect(messages.filter((text) => !program.includes(text))).toEqual([]);
});
