import fc from 'fast-check';
import { expect, test } from 'vitest';
import { editsBetween, nearestTo } from '../../src/config/nearest.ts';

const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'd', 'A'), maxLength: 12 });

test('the nearest word is the first of those with the fewest edits, of which it has at most one for three letters', () => {
  fc.assert(
    fc.property(word, fc.array(word), (meant, words) => {
      const most = Math.max(1, Math.floor(meant.length / 3));
      const fewest = Math.min(most, ...words.map((each) => editsBetween(meant, each)));

      expect(nearestTo(meant, words)).toBe(words.find((each) => editsBetween(meant, each) === fewest));
    }),
  );
});
