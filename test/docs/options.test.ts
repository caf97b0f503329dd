import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { REASONS } from '../../src/engine/decision/reasons.ts';
import { ARCHITECTURES } from '../../src/subnet/boot.ts';
import { withGeneratedPart } from '../support/generated-part.ts';
import { optionsTable } from '../support/options-table.ts';
import { blocksOf, pages, ROOT } from '../support/pages.ts';
import { loadFile, problemsOfFile } from '../support/policy.ts';

const PAGE = join(ROOT, 'docs/options.md');

describe('docs/options.md', () => {
  const text = readFileSync(PAGE, 'utf8');

  test('has every option as its row in the code says it (vitest with -u writes the table)', async () => {
    await expect(withGeneratedPart(text, optionsTable())).toMatchFileSnapshot(PAGE);
  });

  test('shows settings that are accepted without a warning', () => {
    const page = pages().find(({ path }) => path === 'docs/options.md');
    const examples = page === undefined ? [] : blocksOf(page).filter(({ language }) => language === 'yaml');

    expect(examples.length).toBeGreaterThan(4);
    for (const example of examples) {
      expect(problemsOfFile(example.text)).toEqual([]);
      expect(loadFile(example.text).warnings).toEqual([]);
    }
  });

  test('lists the names of all architectures', () => {
    const rows = Object.entries(ARCHITECTURES).map(
      ([name, codes]) => `| \`${name}\` | ${codes.join(', ')} |`,
    );

    expect(text).toContain(rows.join('\n'));
  });

  test('names the reason of who is refused by a class', () => {
    const reason: keyof typeof REASONS = 'refused-by-class';
    expect(text).toContain(reason);
  });
});
