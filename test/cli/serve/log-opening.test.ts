import { describe, expect, it } from 'vitest';
import { logOpening } from '../../../src/cli/serve/log-opening.ts';
import { createLogger } from '../../../src/log/logger.ts';
import type { JournalDamage } from '../../../src/store/sqlite/journal/open-journal.ts';

const JOURNAL = '/leases/leases.journal';

/** What the log has of a start with this journal. */
function linesOf(damage: Partial<JournalDamage>): readonly Record<string, unknown>[] {
  const lines: Record<string, unknown>[] = [];
  const output = { write: (line: string) => void lines.push(JSON.parse(line)), flushSync: () => {} };
  const log = createLogger({ logLevel: 'info', logFormat: 'json' }, output, false, () => 0);
  logOpening(log, {
    ...{ file: '/leases/leases.sqlite', fileId: 'b', skipped: 0, setAside: undefined, copy: undefined },
    loaded: { free: 0, bound: 1, declined: 0, peer: 0 },
    journalDamage: {
      ...{
        journal: JOURNAL,
        kept: `${JOURNAL}.damaged-1`,
        reason: undefined,
        losses: [],
        unfinished: undefined,
      },
      ...damage,
    },
  });
  return lines.filter(({ msg }) => msg !== 'leases loaded');
}

describe('the log of a start with a damaged journal', () => {
  it('says which batches are lost, with how many records at most, and where the damaged file is', () => {
    const losses = [
      { first: 3, last: 3, records: 2 },
      { first: 7, last: 9, records: undefined },
    ];

    expect(linesOf({ losses })).toMatchObject([
      { level: 'error', firstBatch: 3, lastBatch: 3, recordsAtMost: 2, kept: `${JOURNAL}.damaged-1` },
      { level: 'error', firstBatch: 7, lastBatch: 9, recordsAtMost: 'not known' },
    ]);
  });

  it('says that the last batch is not whole, which a power cut leaves too', () => {
    expect(linesOf({ unfinished: 12 })).toMatchObject([{ level: 'warn', batch: 12 }]);
  });

  it('says what was wrong with the file, and that there was no room for a copy', () => {
    expect(linesOf({ reason: 'it was cut to 512 bytes', kept: undefined })).toMatchObject([
      { level: 'error', cause: 'it was cut to 512 bytes', journal: JOURNAL, kept: 'no room' },
    ]);
  });
});
