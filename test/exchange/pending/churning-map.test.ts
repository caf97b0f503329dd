import { describe, expect, it } from 'vitest';
import { ChurningMap } from '../../../src/exchange/pending/churning-map.ts';
import { SeededRandom } from '../../support/random.ts';

describe('ChurningMap', () => {
  it.each(['texts', 'numbers'])('is a map for %s that come and go', (kind) => {
    const random = new SeededRandom(7);
    const keyOf = (number: number) =>
      kind === 'texts' ? `01${number.toString(16).padStart(12, '0')}` : number;
    const holders = new ChurningMap<string | number, number>();
    const model = new Map<string | number, number>();
    for (let step = 0; step < 20_000; step += 1) {
      // Few keys, so that they meet; now many of them are held and now hardly any.
      const key = keyOf(random.below(step % 4000 < 2000 ? 400 : 40));
      if (random.chance(50)) {
        holders.set(key, step);
        model.set(key, step);
      } else {
        holders.delete(key);
        model.delete(key);
      }
      expect(holders.get(key)).toBe(model.get(key));
      expect(holders.size).toBe(model.size);
    }
    for (let number = 0; number < 400; number += 1)
      expect(holders.get(keyOf(number))).toBe(model.get(keyOf(number)));
    expect(holders.keys().toSorted()).toEqual([...model.keys()].toSorted());
    expect(holders.values().toSorted()).toEqual([...model.values()].toSorted());
    holders.clear();
    expect([holders.size, holders.get(keyOf(1))]).toEqual([0, undefined]);
  });

  it('finds keys that fall on one place, whichever of them goes', () => {
    // The last eight characters alone say where a text is looked for.
    const keys = Array.from({ length: 50 }, (_, index) => `${index}/020000000001`);
    for (const gone of [0, 24, 49]) {
      const holders = new ChurningMap<string, string>();
      for (const key of keys) holders.set(key, key);
      holders.delete(keys[gone] ?? '');
      for (const [index, key] of keys.entries())
        expect(holders.get(key)).toBe(index === gone ? undefined : key);
    }
  });
});
