import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IndexSet } from '../../src/lease-table/index-set.ts';

describe('a set of indexes', () => {
  it.each([1, 31, 32, 33, 1024, 1025, 40_000])('of %i, full, has each one and none beyond', (size) => {
    const set = new IndexSet(size, true);

    expect([set.next(0), set.next(size - 1), set.next(size)]).toEqual([0, size - 1, -1]);
  });

  it('finds the same next member as a sorted list does', () => {
    const step = fc.tuple(fc.boolean(), fc.nat(2100));
    fc.assert(
      fc.property(fc.boolean(), fc.array(step, { maxLength: 200 }), fc.nat(2200), (full, steps, from) => {
        const set = new IndexSet(2101, full);
        const model = new Set(full ? Array.from({ length: 2101 }, (_, index) => index) : []);
        for (const [adds, index] of steps) {
          if (adds) set.add(index);
          else set.delete(index);
          if (adds) model.add(index);
          else model.delete(index);
        }

        const expected = [...model].sort((a, b) => a - b).find((index) => index >= from) ?? -1;
        expect(set.next(from)).toBe(expected);
        expect(steps.every(([, index]) => set.has(index) === model.has(index))).toBe(true);
      }),
    );
  });
});
