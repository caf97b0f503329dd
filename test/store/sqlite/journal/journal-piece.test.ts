import { describe, expect, it } from 'vitest';
import {
  BATCH_HEADER_BYTES,
  BatchWriter,
  formatOf,
} from '../../../../src/store/sqlite/journal/journal-batch.ts';
import { JournalPiece } from '../../../../src/store/sqlite/journal/journal-piece.ts';

const format = formatOf('the lease file', false);

/** Batches of nothing with these numbers, one behind the other. */
function pieceOf(sequences: readonly number[], last: number): JournalPiece {
  const batches = sequences.map((sequence) => {
    const batch = new BatchWriter();
    batch.begin();
    return batch.finish({ seed: format.seed, run: 1, began: 1, sequence, recordsBefore: 0 });
  });
  const [first = 0] = sequences;
  const start = { segment: 0, offset: 0 };
  return new JournalPiece(new Uint8Array(Buffer.concat(batches)), { start, before: first - 1, last, format });
}

function sequencesIn(piece: JournalPiece): number[] {
  const sequences = [];
  for (let batch = piece.next(); batch !== undefined; batch = piece.next()) sequences.push(batch.sequence);
  return sequences;
}

describe('a piece of the journal', () => {
  it.each([
    ['a batch from before that was not written over', [11, 12, 3], 12],
    [
      'a batch that failed when all of it was written, before the next one went into the other half',
      [11, 12, 13],
      12,
    ],
    ['a batch from before where the next one should be', [11, 12, 3], 13],
  ])('ends before %s', (_, sequences, last) => {
    const piece = pieceOf(sequences, last);

    expect(sequencesIn(piece)).toEqual([11, 12]);
    expect(piece.sequence).toBe(12);
    expect(piece.end).toEqual({ segment: 0, offset: 2 * BATCH_HEADER_BYTES });
  });
});
