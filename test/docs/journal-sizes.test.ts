import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FIRST_JOURNAL_BYTES, JOURNAL_BYTES } from '../../src/store/sqlite/journal/journal-file.ts';
import { FILE_HEADER_BYTES } from '../../src/store/sqlite/journal/journal-header.ts';

const ROOT = join(import.meta.dirname, '../..');
const WHOLE = mebibytes(JOURNAL_BYTES - FILE_HEADER_BYTES);
const FIRST = mebibytes(FIRST_JOURNAL_BYTES - FILE_HEADER_BYTES);

function mebibytes(bytes: number): number {
  return bytes / (1024 * 1024);
}

test.each([
  ['docs/operating.md', /two halves of (\d+) MiB.*its halves have (\d+) MiB/s, [WHOLE / 2, FIRST / 2]],
  ['docs/ARCHITECTURE.md', /`leases\.journal` (\d+) MiB at first.*write one of (\d+) MiB/, [FIRST, WHOLE]],
  [
    'src/store/sqlite/journal/FORMAT.md',
    /(\d+) MiB by default.*makes has halves of (\d+) MiB/s,
    [WHOLE / 2, FIRST / 2],
  ],
])('%s says how large the journal is, at first and later', (page, sizes, expected) => {
  const [, ...said] = sizes.exec(readFileSync(join(ROOT, page), 'utf8')) ?? [];

  expect(said.map(Number)).toEqual(expected);
});
