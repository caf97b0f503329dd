import { describe, expect, it } from 'vitest';
import { JournalHalf } from '../../../../src/store/sqlite/journal/journal-half.ts';
import { recover } from '../../../../src/store/sqlite/journal/journal-recovery.ts';
import { BATCH_BYTES, type Batch, batch, EMPTY, FORMAT, half } from './journal-pages.ts';

type Half = ReturnType<typeof half>;

/** The numbers of the batches that are taken, and what is said of the others. */
function found(halves: readonly Half[], carried: number | 'unknown' = 0) {
  const { extents, losses, unfinished, newest, writeAt } = recover(
    halves.map(JournalHalf.of),
    carried === 'unknown' ? undefined : carried,
    FORMAT,
  );
  const taken = extents.flatMap(({ first, last }) =>
    Array.from({ length: last - first + 1 }, (_, index) => first + index),
  );
  return { taken, lost: losses, unfinished, newest, writeAt };
}

const whole = { lost: [], unfinished: undefined };

/** With one bit flipped. */
function flipped(bytes: Half, bit: number): Half {
  const copy = Buffer.from(bytes);
  copy.writeUInt8(copy.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
  return copy;
}

describe('what a journal gives back', () => {
  it('is each batch that is not in the lease file, in the order of the commits', () => {
    expect(found([half(7, 8, 9), EMPTY], 6)).toMatchObject({ ...whole, taken: [7, 8, 9] });
    expect(found([half(7, 8, 9), EMPTY], 7)).toMatchObject({ ...whole, taken: [8, 9] });
    expect(found([half(7, 8, 9), half(4, 5, 6)], 3)).toMatchObject({ ...whole, taken: [4, 5, 6, 7, 8, 9] });
  });

  it('goes on behind the newest batch, or at the start where all is in the lease file', () => {
    const end = { half: 1, offset: 2 * BATCH_BYTES };
    expect(found([half(7, 8), half(9, 10)], 6)).toMatchObject({ newest: 10, writeAt: end });
    const start = { half: 0, offset: 0 };
    expect(found([half(7, 8), half(9, 10)], 10)).toMatchObject({ newest: 10, writeAt: start });
    expect(found([EMPTY, EMPTY], 10)).toMatchObject({ ...whole, newest: 10, writeAt: start });
  });

  // A half is written over from its start: behind its newest batch stand whole ones of the time before.
  it('has nothing of what is in the lease file already, though it stands behind what is new', () => {
    expect(found([half(7, 8, 3, 4), half(5, 6)], 4)).toMatchObject({ ...whole, taken: [5, 6, 7, 8] });
  });

  it('has what an older lease file that was put back lacks, and nothing is written over it before it is read', () => {
    const { taken, writeAt } = found([half(9, 10, 3, 4), half(5, 6, 7, 8)], 2);

    expect(taken).toEqual([3, 4, 5, 6, 7, 8, 9, 10]);
    expect(writeAt).toEqual({ half: 0, offset: half(9, 10, 3, 4).length });
  });

  it('says which batches an older lease file and the journal both lack', () => {
    const { taken, lost } = found([half(9, 10), half(7, 8)], 2);

    expect(taken).toEqual([7, 8, 9, 10]);
    expect(lost).toEqual([{ first: 3, last: 6, records: 6 }]);
  });

  it('takes a salvaged lease file, which does not know what it has, for one that has what is missing', () => {
    expect(found([half(9, 10), half(7, 8)], 'unknown')).toMatchObject({ ...whole, taken: [7, 8, 9, 10] });
  });

  it('of a salvaged lease file lacks nothing where batches were written over, but what is damaged between two', () => {
    const taken = [3, 4, 7, 8, 9, 10];
    expect(found([half(9, 10, 3, 4), half(7, 8)], 'unknown')).toMatchObject({ ...whole, taken });
    const damaged = flipped(half(7, 8, 9), (BATCH_BYTES + 60) * 8);
    expect(found([damaged, EMPTY], 'unknown')).toMatchObject({
      taken: [7, 9],
      lost: [{ first: 8, last: 8, records: 1 }],
    });
  });
});

describe('a damaged bit in the journal', () => {
  const batches = [1, 2, 3, 4, 5];
  const bytes = half(...batches);

  it.each(batches)('wherever it is in batch %i, loses that batch alone, and it is said which', (number) => {
    const others = batches.filter((each) => each !== number);
    const isLast = number === batches.length;
    const expected = {
      taken: others,
      lost: isLast ? [] : [{ first: number, last: number, records: 1 }],
      unfinished: isLast ? number : undefined,
    };
    for (let bit = (number - 1) * BATCH_BYTES * 8; bit < number * BATCH_BYTES * 8; bit += 1)
      expect(found([flipped(bytes, bit), EMPTY]), `bit ${bit}`).toMatchObject(expected);
  });

  it('behind the last batch is nothing', () => {
    for (let bit = batches.length * BATCH_BYTES * 8; bit < bytes.length * 8; bit += 1)
      expect(found([flipped(bytes, bit), EMPTY]), `bit ${bit}`).toMatchObject({ ...whole, taken: batches });
  });

  it('in batches that are in the lease file loses nothing', () => {
    for (let bit = 0; bit < 3 * BATCH_BYTES * 8; bit += 1)
      expect(found([flipped(bytes, bit), EMPTY], 3)).toMatchObject({ ...whole, taken: [4, 5] });
  });

  it('in the first batch of a half loses that batch alone', () => {
    const damaged = flipped(half(4, 5), 300);

    expect(found([half(1, 2, 3), damaged])).toMatchObject({
      taken: [1, 2, 3, 5],
      lost: [{ first: 4, last: 4, records: 1 }],
    });
    expect(found([half(1, 2, 3), flipped(half(4), 300)])).toMatchObject({ taken: [1, 2, 3], unfinished: 4 });
    expect(found([flipped(half(1), 300), EMPTY])).toMatchObject({ taken: [], unfinished: 1 });
  });

  it('in several batches loses those, with the number of their records', () => {
    const sizes: Batch[] = [
      { sequence: 1, records: 2, recordsBefore: 0 },
      { sequence: 2, records: 30, recordsBefore: 2 },
      { sequence: 3, records: 4, recordsBefore: 32 },
      { sequence: 4, records: 1, recordsBefore: 36 },
    ];
    const [first = 0, second = 0] = sizes.map((each) => batch(each).length);
    const damaged = flipped(flipped(half(...sizes), (first + 9) * 8), (first + second + 99) * 8);

    expect(found([damaged, EMPTY])).toMatchObject({
      taken: [1, 4],
      lost: [{ first: 2, last: 3, records: 34 }],
    });
  });
});

describe('a journal that is cut', () => {
  it('anywhere gives back what is whole in it', () => {
    const bytes = half(1, 2, 3);
    for (let length = 0; length <= bytes.length; length += 1) {
      const count = Math.min(3, Math.floor(length / BATCH_BYTES));
      const { taken } = found([Buffer.from(bytes.subarray(0, length)), EMPTY]);
      expect(taken, `${length} bytes`).toEqual([1, 2, 3].slice(0, count));
    }
  });
});

describe('batches of an earlier run', () => {
  const later = (sequence: number, runStart: number, run = 2): Batch => ({
    ...{ sequence, run, runStart, recordsBefore: sequence - runStart },
  });

  it('count up to where the next run runStart, and are read in front of it', () => {
    expect(found([half(1, 2, later(3, 3), later(4, 3)), EMPTY])).toMatchObject({
      ...whole,
      taken: [1, 2, 3, 4],
    });
  });

  // Batch 3 was damaged when the second run runStart, which found nothing behind it.
  it('never continue a later one, though they stand right behind it and have the next number', () => {
    const bytes = half(1, 2, later(3, 3), later(4, 3), 5, 6, 7);

    expect(found([bytes, EMPTY])).toMatchObject({ ...whole, taken: [1, 2, 3, 4], newest: 4 });
  });

  it('are not taken though the later one runStart with a batch that is damaged now', () => {
    const bytes = half(1, 2, later(3, 3), later(4, 3), 5, 6);

    expect(found([flipped(bytes, 2 * BATCH_BYTES * 8 + 700), EMPTY])).toMatchObject({
      taken: [1, 2, 4],
      lost: [{ first: 3, last: 3, records: 1 }],
    });
  });

  it('are not taken where the later one runStart with the same number and has its first batch', () => {
    const old = (sequence: number): Batch => later(sequence, 3, 9);

    expect(found([half(1, 2, later(3, 3), later(4, 3), old(5), old(6)), EMPTY])).toMatchObject({
      ...whole,
      taken: [1, 2, 3, 4],
    });
    expect(found([half(old(5), old(6)), half(later(3, 3), later(4, 3))], 2)).toMatchObject({
      ...whole,
      taken: [3, 4],
    });
  });

  it('of another lease file are nothing', () => {
    const other = { seed: FORMAT.seed + 1 };

    expect(found([half(1, 2, { sequence: 3, ...other }, { sequence: 4, ...other }), EMPTY]).taken).toEqual([
      1, 2,
    ]);
  });
});

describe('a batch whose write failed when all of it was written', () => {
  it('gives way to the one that has its number in the other half', () => {
    const halves = [half(1, 2, { sequence: 3, records: 2 }), half(3, 4)];

    const { extents } = recover(halves.map(JournalHalf.of), 0, FORMAT);

    expect(extents.map(({ half, first, last }) => [half, first, last])).toEqual([
      [0, 1, 2],
      [1, 3, 4],
    ]);
  });
});
