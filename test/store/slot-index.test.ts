import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SlotIndex } from '../../src/store/slot-index.ts';

/** Few hashes, some of them at the end of the places, so that they run into each other and round the end. */
const HASHES = [0, 1, 2, 2046, 2047, 2048, -1, 0x7fff_ffff];

test('finds every slot by its hash, whatever was added, removed and grown over', () => {
  const step = fc.record({ isAdded: fc.boolean(), which: fc.nat(40), hash: fc.constantFrom(...HASHES) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), fc.integer({ min: 0, max: 3000 }), (steps, others) => {
      const index = new SlotIndex();
      const known = new Map<number, number>();
      for (let slot = 1000; slot < 1000 + others; slot += 1) index.add(slot, slot * 7919);
      for (const { isAdded, which, hash } of steps) {
        const before = known.get(which);
        if (isAdded && before === undefined) {
          index.add(which, hash);
          known.set(which, hash);
        } else if (!isAdded && before !== undefined) {
          index.remove(placeOf(index, which, before));
          known.delete(which);
        }
      }

      for (const [slot, hash] of known) expect(index.at(placeOf(index, slot, hash))).toBe(slot);
      for (const hash of HASHES) {
        const expected = [...known].filter(([, each]) => each === hash).map(([slot]) => slot);
        const found = slotsOf(index, hash).filter((slot) => slot < 1000);
        expect(found.sort()).toEqual(expected.sort());
      }
      for (let slot = 1000; slot < 1000 + others; slot += 97)
        expect(slotsOf(index, slot * 7919)).toContain(slot);
    }),
    { numRuns: 60 },
  );
});

function placeOf(index: SlotIndex, slot: number, hash: number): number {
  let place = index.find(hash);
  while (index.at(place) !== slot && index.at(place) !== -1) place = index.findNext(place, hash);
  return place;
}

function slotsOf(index: SlotIndex, hash: number): number[] {
  const slots: number[] = [];
  for (let place = index.find(hash); index.at(place) !== -1; place = index.findNext(place, hash))
    slots.push(index.at(place));
  return slots;
}
