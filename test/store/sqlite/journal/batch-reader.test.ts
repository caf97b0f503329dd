import { describe, expect, it } from 'vitest';
import { BatchReader } from '../../../../src/store/sqlite/journal/batch-reader.ts';
import {
  BATCH_HEADER_BYTES,
  BatchWriter,
  formatOf,
} from '../../../../src/store/sqlite/journal/journal-batch.ts';

const format = formatOf('the lease file', false);

/** Batches of nothing with these numbers, one behind the other. */
function readerOf(sequences: readonly number[], last: number): BatchReader {
  const batches = sequences.map((sequence) => {
    const batch = new BatchWriter();
    batch.begin();
    return batch.finish({ seed: format.seed, run: 1, runStart: 1, sequence, recordsBefore: 0 });
  });
  const [first = 0] = sequences;
  const start = { half: 0, offset: 0 };
  return new BatchReader(new Uint8Array(Buffer.concat(batches)), { start, before: first - 1, last, format });
}

function sequencesIn(reader: BatchReader): number[] {
  const sequences = [];
  for (let batch = reader.next(); batch !== undefined; batch = reader.next()) sequences.push(batch.sequence);
  return sequences;
}

describe('a reader of batches', () => {
  it.each([
    ['a batch from before that was not written over', [11, 12, 3], 12],
    [
      'a batch that failed when all of it was written, before the next one went into the other half',
      [11, 12, 13],
      12,
    ],
    ['a batch from before where the next one should be', [11, 12, 3], 13],
  ])('ends before %s', (_, sequences, last) => {
    const reader = readerOf(sequences, last);

    expect(sequencesIn(reader)).toEqual([11, 12]);
    expect(reader.sequence).toBe(12);
    expect(reader.end).toEqual({ half: 0, offset: 2 * BATCH_HEADER_BYTES });
  });
});
